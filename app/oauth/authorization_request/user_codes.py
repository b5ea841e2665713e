"""The code that a device shows and a person enters (:rfc:`8628#section-6.1`)."""

import secrets
import unicodedata

# No vowels, so that no word comes of it, and nothing that looks like something else.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
#: More cannot be one, however it is written.
_MOST_TYPED = 100
#: What people type between the letters, or copy along with them: dashes, spaces, "_", and what cannot be seen.
_BETWEEN = ("Pd", "Pc", "Zs", "Zl", "Zp", "Cc", "Cf")


def new_user_code() -> str:
    """Returns a new code, as it is shown: ``WDJB-MJHT``."""
    return _shown("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))


def read_user_code(typed: str) -> str | None:
    """Returns the code that somebody has typed, in capitals or not, as it is shown; None for what cannot be one."""
    if len(typed) > _MOST_TYPED:
        return None
    # Keyboards of some scripts write wide letters.
    plain = unicodedata.normalize("NFKC", typed)
    letters = "".join(one for one in plain if unicodedata.category(one) not in _BETWEEN).upper()
    return _shown(letters) if len(letters) == _LENGTH and set(letters) <= set(_LETTERS) else None


def _shown(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:]}"
