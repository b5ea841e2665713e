"""Our own files: style sheets, scripts and images."""

from flask import Flask

from app.http.doors import FILE


def init_app(app: Flask) -> None:
    """Serve them under ``/static/``, by a route that says its door, as Flask's own could not."""
    app.static_folder = "static"
    app.add_url_rule("/static/<path:filename>", "static", app.send_static_file, door=FILE)
