"""The private schemes without a dot that this server knows, such as ``cursor``.

One in reverse-domain form (:rfc:`8252#section-7.1`) says whose it is; any other program may take one without a dot,
so an operator lists those. The list is the process's, as a redirect URI is looked at in many places, and where it is
used, too.
"""

from collections.abc import Collection

from app.config.chosen import PRIVATE_SCHEMES

_allowed: frozenset[str] = frozenset(PRIVATE_SCHEMES)


def allow_private_schemes(schemes: Collection[str]) -> None:
    """Let redirect URIs have these schemes from now on, and no others without a dot."""
    global _allowed
    _allowed = frozenset(schemes)


def allowed_private_schemes() -> frozenset[str]:
    return _allowed
