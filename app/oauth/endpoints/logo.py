"""Clients' logos, from our own origin, so that no page of ours loads anything from elsewhere."""

from flask import Response, abort, url_for
from sqlalchemy import select

from app.clients.models import DYNAMIC, Client, ClientLogo
from app.extensions import db
from app.http.doors import PAGE
from app.oauth.endpoints import blueprint

_HEADERS = {
    "Content-Type": "image/png",
    "X-Content-Type-Options": "nosniff",
    # An image, and nothing but an image, even if somebody opens its address.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # The address names the content, so it never changes.
    "Cache-Control": "public, max-age=31536000, immutable",
}


@blueprint.get("/oauth/logos/<client_key>/<digest>.png", door=PAGE)
def show_logo(client_key: str, digest: str) -> Response:
    """The logo, if the client still has this one."""
    if not (client_key.isprintable() and digest.isalnum()):
        abort(404)
    image = db.session.scalar(
        select(ClientLogo.image).where(ClientLogo.client_key == client_key, ClientLogo.digest == digest)
    )
    if image is None:
        abort(404)
    return Response(image, headers=_HEADERS)


def logo_url(client: Client) -> str | None:
    """Returns where the client's logo is, if it has one. One that registered itself could have chosen anybody's."""
    if client.logo_digest is None or client.origin == DYNAMIC:
        return None
    return url_for("oauth.show_logo", client_key=client.key, digest=client.logo_digest)
