"""A credential that was sent in the place of another: what it is, by its prefix alone."""

from app import credentials

_KINDS = {
    credentials.ACCESS_TOKEN: "an access token",
    credentials.REFRESH_TOKEN: "a refresh token",
    credentials.AUTHORIZATION_CODE: "an authorization code",
    credentials.DEVICE_CODE: "a device code",
    credentials.CLIENT_SECRET: "a client secret",
}


def find_mistaken_kind(presented: str, expected: str) -> str | None:
    """Returns in words what a credential is, where it is another kind than ``expected``. It is not looked up."""
    if presented.startswith(expected):
        return None
    return next((kind for prefix, kind in _KINDS.items() if presented.startswith(prefix)), None)
