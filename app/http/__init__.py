"""HTTP itself: what every request and every answer shares."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach what every request passes through, and the addresses that belong to no feature."""
    from app.http import (
        at_issuer,
        clear_forms,
        error_answers,
        files,
        form_problems,
        health,
        languages,
        moments,
        navigation,
        page_sessions,
        signposts,
    )
    from app.text import isolated

    # Both documented spellings of every path answer, neither by redirect.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.session_interface = page_sessions.PageSessions()
    for part in (at_issuer, navigation, error_answers, form_problems, languages, moments, clear_forms, files):
        part.init_app(app)
    app.jinja_env.filters["isolated"] = isolated
    app.jinja_env.globals["site_name"] = app.extensions["services"].settings.site_name
    app.register_blueprint(health.blueprint)
    app.register_blueprint(signposts.blueprint)
