"""The daily pass over what people allow apps, and that is about to end by itself: each is told once."""

from functools import partial

from sqlalchemy import Engine

from app.consents.standing.near_ends import Place, find_near_ends, tell_near_ends
from app.database.access import expect_reads
from app.database.leases import give_back_lease, new_holder, take_lease
from app.purge.batches import Pace, write_batch

#: The lease's name, which also says when the pass was made last, and for how many seconds it is taken.
LEASE, _LEASE_SECONDS = "near_ends", 600
#: A pass begins at the earliest so many seconds after the last one, whichever machine made it.
_EVERY = 20 * 60 * 60
# So many people are told in one transaction.
_MOST = 50


def tell_of_near_ends(engine: Engine, pace: Pace) -> bool:
    """Make the pass, unless it was made today. To be called in an app context. Returns whether nothing is left to do."""
    holder = new_holder()
    if not take_lease(engine, LEASE, holder, seconds=_LEASE_SECONDS, every=_EVERY):
        return True
    is_done = False
    try:
        is_done = _make_pass(engine, pace)
    finally:
        give_back_lease(engine, LEASE, holder, is_done=is_done)
    return is_done


def _make_pass(engine: Engine, pace: Pace) -> bool:
    after: Place | None = None
    while True:
        with expect_reads(), engine.connect() as connection:
            untold, after = find_near_ends(connection, after, _MOST)
        took = 0.0
        if untold:
            _count, took = write_batch(engine, partial(tell_near_ends, grant_ids=untold))
        if not pace.let_others(took):
            return False
        if after is None:
            return True
