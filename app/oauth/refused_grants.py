"""Why a code or a refresh token is no good, as the token endpoint says it (:rfc:`6749#section-5.2`): a sentence a reason.

The app's people read more in its Requests. Here another client's code or token is told like one that never was.
"""

from app import credentials
from app.oauth.reasons import Reason

_UNKNOWN_CODE = (
    "unknown-code",
    "This client has no such code: send it as it came, decoded once from the address and whole.",
)
_UNKNOWN_REFRESH_TOKEN = (
    "unknown-refresh-token",
    "This client has no such refresh token: send the newest one, whole. One that expired is forgotten after a while.",
)
_REMOVED = ("removed-redirect-uri", "This client may no longer use the 'redirect_uri'.")
_PAUSED = ("paused", "The user has paused this app's access.")

#: reason -> anchor of the guide's line, and error_description, in the letters that may stand there: ASCII without
#: quotes and backslashes. ``{code_seconds}`` is how long the code lived, ``{kind}`` what was sent instead.
REFUSED_GRANTS: dict[Reason, tuple[str, str]] = {
    Reason.CODE_UNKNOWN: _UNKNOWN_CODE,
    Reason.CODE_OF_ANOTHER_CLIENT: _UNKNOWN_CODE,
    Reason.CODE_EXPIRED: (
        "expired-code",
        "The code is older than {code_seconds} seconds: redeem it as soon as the person comes back.",
    ),
    Reason.CODE_USED: (
        "used-code",
        "The code was redeemed before, so every token that came from it has ended.",
    ),
    Reason.CODE_ENDED: (
        "ended-code",
        "The code has ended: the person disconnected the app, or its tokens were revoked.",
    ),
    Reason.CODE_PAUSED: _PAUSED,
    Reason.CODE_MISTAKEN: (
        "no-code",
        "That is {kind}, not a code: send the code from the address that the person came back with.",
    ),
    # Said by Authlib, in these words.
    Reason.REDIRECT_URI_CHANGED: ("redirect-uri", "Invalid 'redirect_uri' in request."),
    Reason.REDIRECT_URI_REMOVED: _REMOVED,
    Reason.REDIRECT_URI_REFUSED: _REMOVED,
    Reason.PLAYGROUND_CLOSED: _REMOVED,
    Reason.VERIFIER_WRONG: (
        "verifier",
        "The 'code_verifier' does not belong to the 'code_challenge'.",
    ),
    Reason.VERIFIER_UNEXPECTED: (
        "unexpected-verifier",
        "The authorization request had no 'code_challenge'.",
    ),
    Reason.REFRESH_UNKNOWN: _UNKNOWN_REFRESH_TOKEN,
    Reason.REFRESH_OF_ANOTHER_CLIENT: _UNKNOWN_REFRESH_TOKEN,
    Reason.REFRESH_EXPIRED: (
        "expired-refresh-token",
        "The refresh token has expired: send the person to authorize again.",
    ),
    Reason.REFRESH_REUSED: (
        "used-refresh-token",
        "The refresh token was used before, so every token of that sign-in has ended.",
    ),
    Reason.REFRESH_ENDED: (
        "ended-refresh-token",
        "The refresh token has ended: the person disconnected the app, or its tokens were revoked.",
    ),
    Reason.REFRESH_PAUSED: _PAUSED,
    Reason.REFRESH_MISTAKEN: (
        "no-refresh-token",
        "That is {kind}, not a refresh token: send the refresh_token of the latest answer.",
    ),
}

_KINDS = {
    credentials.ACCESS_TOKEN: "an access token",
    credentials.REFRESH_TOKEN: "a refresh token",
    credentials.AUTHORIZATION_CODE: "an authorization code",
    credentials.CLIENT_SECRET: "a client secret",
}


def find_mistaken_kind(presented: str, expected: str) -> str | None:
    """What a credential is by its prefix, in words, where it is another kind than ``expected``. It is not looked up."""
    return next((kind for prefix, kind in _KINDS.items() if prefix != expected and presented.startswith(prefix)), None)
