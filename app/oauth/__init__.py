"""The OAuth 2.0 protocol."""

from flask import Flask

from app.parts import import_modules


def register(app: Flask) -> None:
    """Attach the protocol's endpoints, and the log of what apps ask."""
    from app.oauth import cross_origin, endpoints
    from app.oauth.endpoints import device_pages, leading, metadata
    from app.oauth.journal import log
    from app.oauth.server import server

    import_modules(__name__)
    cross_origin.init_app(app)
    log.keep_requests(app.extensions["services"])
    server.init_app(app)
    leading.init_app(app)
    own = (endpoints.blueprint, endpoints.aliases, endpoints.documented)
    for blueprint in (*own, metadata.blueprint, device_pages.blueprint):
        app.register_blueprint(blueprint)
