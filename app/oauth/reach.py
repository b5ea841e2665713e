"""From a consent, as one SELECT saw it, to what it reaches."""

from app.memories.reach import Reach
from app.oauth.models.consent import WRITE_TICK


def consent_reach(consent) -> Reach:
    """What a consent reaches now.

    ``consent`` is anything with ``user_id``, ``selection``, ``mementos`` (as :func:`chosen_mementos`
    reads) and ``saved_memento_id``: a code's or a token's snapshot.
    """
    chosen = consent.mementos or () if consent.selection == "selected" else ()
    saved = () if consent.saved_memento_id is None else (consent.saved_memento_id,)
    ticked = tuple(line.removesuffix(WRITE_TICK) for line in chosen if line.endswith(WRITE_TICK))
    return Reach(
        user_id=consent.user_id,
        everything=consent.selection == "all",
        readable=tuple(line.removesuffix(WRITE_TICK) for line in chosen if line.removesuffix(WRITE_TICK) not in saved)
        + saved,
        writable=tuple(memento_id for memento_id in ticked if memento_id not in saved) + saved,
    )


def token_reach(token) -> Reach:
    """What a live token reaches: its consent's mementos, or the memories of the client's own organization."""
    if token.user_id is None:
        return Reach(organization_id=token.organization_id)
    return consent_reach(token)
