"""Logos: looked at by content, drawn anew and kept as PNG, so that nothing of the uploaded file is ever served."""

import hashlib
from io import BytesIO

from sqlalchemy.orm import Session

from app.clients.errors import ClientError
from app.clients.events import record_client_event
from app.clients.lock import lock_client
from app.clients.models import Client, ClientLogo
from app.sentences import _

MOST_BYTES = 512 * 1024
#: What is kept fits into a square of this many pixels a side.
SIDE = 256

# Never SVG, which can hold scripts.
_FORMATS = ("PNG", "JPEG", "WEBP")
# A few kilobytes can claim to be gigabytes of pixels. Asked of the header, before anything is unpacked.
_MOST_PIXELS_A_SIDE = 2048


def draw_logo(content: bytes) -> bytes:
    """Returns the uploaded image as a PNG of at most :data:`SIDE` pixels a side. Raises :class:`ClientError`."""
    if not content:
        raise ClientError("logo", _("Choose an image file first."))
    if len(content) > MOST_BYTES:
        raise ClientError("logo", _("The file is too large: 512 KB is the most. Make the image smaller and try again."))
    try:
        return _draw(content)
    except ClientError:
        raise
    # Whatever an image library says about bytes from outside: OSError, ValueError, SyntaxError, its own errors…
    except Exception:
        raise ClientError("logo", _("This is not a PNG, JPEG or WebP image that can be read.")) from None


def set_logo(session: Session, client: Client, png: bytes, *, actor_user_id: str | None) -> None:
    """Give the client this logo, as :func:`draw_logo` made it."""
    lock_client(session, client)
    if put_logo(client, png):
        record_client_event(session, "client.logo_changed", client, actor_user_id)


def put_logo(client: Client, png: bytes | None) -> bool:
    """Give the locked client this logo, or none. Returns whether it had another."""
    image_digest = hashlib.sha256(png).hexdigest() if png is not None else None
    if image_digest == (client.logo.digest if client.logo is not None else None):
        return False
    if png is None or image_digest is None:
        client.logo = None
        return True
    if client.logo is None:
        client.logo = ClientLogo()
    client.logo.digest, client.logo.image = image_digest, png
    return True


def remove_logo(session: Session, client: Client, *, actor_user_id: str | None) -> None:
    """Leave the client without a logo."""
    lock_client(session, client)
    if put_logo(client, None):
        record_client_event(session, "client.logo_removed", client, actor_user_id)


def _draw(content: bytes) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(BytesIO(content), formats=_FORMATS) as opened:
        if max(opened.size) > _MOST_PIXELS_A_SIDE:
            most = f"{_MOST_PIXELS_A_SIDE} × {_MOST_PIXELS_A_SIDE}"
            raise ClientError("logo", _("The image has too many pixels: %(most)s is the most.", most=most))
        image = ImageOps.exif_transpose(opened).convert("RGBA")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    # On a fresh canvas: a converted image still carries the file's text, profile and position.
    canvas = Image.new("RGBA", image.size)
    canvas.paste(image)
    png = BytesIO()
    canvas.save(png, "PNG", optimize=True)
    return png.getvalue()
