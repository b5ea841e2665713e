"""``/.well-known/security.txt`` (:rfc:`9116`): whom to tell of a weakness, from the settings."""

from datetime import timedelta

from flask import Response, abort

from app import clock
from app.config import settings
from app.http.doors import META
from app.http.routes import Blueprint

blueprint = Blueprint("security_txt", __name__, door=META)

PATH = "/.well-known/security.txt"
# It must be less than a year; who keeps a copy learns of another contact within half of one.
_HOLDS_FOR = timedelta(days=180)


@blueprint.get(PATH)
def security_txt() -> Response:
    """The contacts, most wanted first, and until when they hold; nothing where no operator has said one."""
    chosen = settings()
    if not chosen.security_contacts:
        abort(404)
    expires = (clock.now() + _HOLDS_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {contact}" for contact in chosen.security_contacts]
    lines += [f"Expires: {expires.isoformat().replace('+00:00', 'Z')}"]
    lines += [f"Policy: {chosen.security_policy}"] if chosen.security_policy else []
    lines += ["Preferred-Languages: en", f"Canonical: {chosen.issuer}{PATH}"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
