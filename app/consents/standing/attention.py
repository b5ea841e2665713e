"""Which apps a person should look at once more: those that they have not used for long, and those that end soon."""

from datetime import datetime, timedelta

from msgspec import Struct

from app import clock
from app.consents.models import Consent

#: An app that was not used for so long is asked about, and once it is kept, not again for as long.
UNUSED_FOR = timedelta(days=183)
#: An end that is so near is told, unless the person has set it less than that before it.
NEAR = timedelta(days=7)


class Attention(Struct, frozen=True):
    """Why a consent should be looked at: since when it is unused, or when it ends. One of them is None, or neither."""

    consent: Consent
    unused_since: datetime | None
    ends_at: datetime | None


def find_attention(consent: Consent) -> Attention | None:
    """Returns why a live consent should be looked at; None where it need not be, as where it is paused."""
    if consent.paused_at is not None:
        return None
    at = clock.now()
    decided_at = max(consent.decided_at or consent.issued_at, consent.updated_at)
    used_at = consent.last_used_at or consent.issued_at
    is_unused = max(used_at, decided_at) <= at - UNUSED_FOR
    end = consent.expires_at
    is_near = end is not None and decided_at < end - NEAR <= at
    if not is_unused and not is_near:
        return None
    return Attention(consent, used_at if is_unused else None, end if is_near else None)
