"""Acme Pocket, the little app at ``/demonstration/``: somebody else's app, as far as this server can tell.

It asks as any app does, by the addresses that everybody may call and over HTTP. From the server behind those addresses
it takes what an app would have written down when it was registered: the issuer and its client id.
"""

from flask import Flask, abort

from app.demonstration.pocket.place import find_place
from app.http.doors import PAGE
from app.http.routes import Blueprint

blueprint = Blueprint("pocket", __name__, door=PAGE, url_prefix="/demonstration")


def register(app: Flask) -> None:
    """Attach it where the issuer is on loopback, and tell every page's template where it is: nowhere, elsewhere."""
    from app.demonstration.pocket import views  # noqa: F401

    is_local = not app.extensions["services"].settings.is_https
    app.jinja_env.globals["demonstration_url"] = find_place if is_local else lambda: None
    if is_local:
        app.register_blueprint(blueprint)


@blueprint.before_request
def _only_where_it_is_registered() -> None:
    if find_place() is None:
        abort(404)
