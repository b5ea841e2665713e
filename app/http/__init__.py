"""HTTP itself: what every request and every answer shares."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach what every request passes through, and the addresses that belong to no feature."""
    from app.http import clear_forms, health, languages, moments, navigation, signposts, web

    navigation.init_app(app)
    web.init_app(app)
    languages.init_app(app)
    moments.init_app(app)
    clear_forms.init_app(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(signposts.blueprint)
