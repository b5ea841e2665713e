"""The refusal of a code or a refresh token, as an error to be raised."""

from authlib.oauth2.rfc6749 import InvalidGrantError

from app.oauth.reasons import Reason, because
from app.oauth.refused_grants import REFUSED_GRANTS


def refused_grant(reason: Reason, **values: str | int) -> InvalidGrantError:
    """``invalid_grant`` with the sentence of its reason; ``values`` fill it in."""
    return because(reason, InvalidGrantError(REFUSED_GRANTS[reason][1].format(**values)))
