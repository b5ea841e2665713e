"""Random identifiers and credentials, and the only form in which a credential is kept.

A credential has 256 random bits, so a fast hash is enough to store it by: there is nothing
to guess (:rfc:`6819#section-5.1.4.1.3`). Passwords are another matter, see ``accounts.passwords``.
"""

import hashlib
import hmac
import re
import secrets

# The prefixes let secret scanners recognise what leaked. Letters, digits and "_" only: some
# client libraries put credentials into Basic raw, others percent-encode even "-".
ACCESS_TOKEN = "rlq_at_"
REFRESH_TOKEN = "rlq_rt_"
AUTHORIZATION_CODE = "rlq_ac_"
DEVICE_CODE = "rlq_dc_"
CLIENT_SECRET = "rlq_cs_"
AUTHORIZATION_REQUEST = "rlq_ar_"
PUSHED_REQUEST = "rlq_pa_"
SESSION = "rlq_se_"
BROWSER = "rlq_br_"
KNOWN_BROWSER = "rlq_kb_"
INVITATION = "rlq_in_"
REGISTRATION = "rlq_rg_"
ADDRESS_CHANGE = "rlq_ea_"
ADDRESS_BACK = "rlq_eb_"
PASSWORD_RESET = "rlq_pr_"
WAITING_SIGN_IN = "rlq_ws_"
SIGN_UP = "rlq_su_"
SIGN_UP_BROWSER = "rlq_sb_"
ADDRESS_CONFIRMATION = "rlq_ec_"

#: At the end of a code or a refresh token whose request asked for offline_access: so it is stored nowhere, and nobody
#: can add it. No hex digit is an "o".
ASKED_OFFLINE = "o"
_ID = re.compile(r"[A-Za-z0-9_]{1,40}")


def new_id(prefix: str) -> str:
    """Returns a public identifier such as ``mem_9f2c…``: the prefix, ``_`` and 96 random bits in hex."""
    return f"{prefix}_{secrets.token_hex(12)}"


def is_id(text: str) -> bool:
    """Returns whether a text from outside can be the id of anything; PostgreSQL does not take every text for a value."""
    return _ID.fullmatch(text) is not None


def new_credential(prefix: str) -> str:
    """Returns a fresh credential: the prefix and 256 random bits in hex (64 characters)."""
    return prefix + secrets.token_hex(32)


def asked_offline(credential: str) -> bool:
    """Returns whether the request that a code or a refresh token descends from asked for ``offline_access``."""
    return credential.endswith(ASKED_OFFLINE)


def digest(credential: str) -> str:
    """Returns what is stored of a credential: SHA-256 of its UTF-8 bytes, 64 hex characters."""
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).hexdigest()


def hint(credential: str) -> str:
    """Returns the last four characters, for a person to tell one credential from another."""
    return credential[-4:]


def matches(credential: str, stored_digest: str) -> bool:
    """Returns whether a presented credential is the stored one, in time that tells nothing."""
    return hmac.compare_digest(digest(credential), stored_digest)


def successor(credential: str, salt: str) -> str:
    """Returns the credential that follows ``credential``: it takes both the old one and the stored salt to know it."""
    ending = ASKED_OFFLINE if asked_offline(credential) else ""
    prefix = credential[: len(credential) - 64 - len(ending)]
    return prefix + hmac.digest(salt.encode(), credential.encode(), "sha256").hex() + ending
