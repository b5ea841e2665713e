"""People, the organizations they belong to, and where they are signed in."""

from flask import Flask

from app.parts import import_modules


def register(app: Flask) -> None:
    """Attach the pages of signing in and up."""
    from app.accounts import views
    from app.accounts.addresses.views import blueprint as addresses

    import_modules(__name__)
    views.init_app(app)
    app.register_blueprint(addresses)
