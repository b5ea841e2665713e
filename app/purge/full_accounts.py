"""The daily pass over accounts that are nearly full, by what is counted for them: whether they are.

An earlier version, to which somebody went back for a while, counts nothing of what it writes. Whoever deleted much under
it would be told ever after that their account is full.
"""

from functools import partial

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.database.access import expect_reads
from app.database.leases import give_back_lease, new_holder, take_lease
from app.memories.totals import count_uncounted, find_nearly_full, find_uncounted
from app.purge.batches import Pace, write_batch

#: The lease's name, which also says when the pass was made last, and for how many seconds it is taken.
LEASE, _LEASE_SECONDS = "full_accounts", 600
#: A pass begins at the earliest so many seconds after the last one, whichever machine made it.
_EVERY = 20 * 60 * 60
_MOST = 50


def count_full_accounts_anew(engine: Engine, pace: Pace) -> bool:
    """Make the pass, unless it was made today. Returns whether nothing is left to do."""
    holder = new_holder()
    if not take_lease(engine, LEASE, holder, seconds=_LEASE_SECONDS, every=_EVERY):
        return True
    try:
        return _make_pass(engine, pace)
    finally:
        # Also where it failed: what takes too long would do so every few minutes.
        give_back_lease(engine, LEASE, holder, is_done=True)


def _make_pass(engine: Engine, pace: Pace) -> bool:
    after = ""
    while True:
        with expect_reads(), Session(engine) as session:
            found = find_nearly_full(session, after, _MOST)
        for total in found:
            with expect_reads(), Session(engine) as session:
                count, size = find_uncounted(session, total)
            took = 0.0
            if count or size:
                _changed, took = write_batch(
                    engine, partial(count_uncounted, owner_id=total.owner_id, count=count, size=size)
                )
            if not pace.let_others(took):
                return False
        if len(found) < _MOST:
            return True
        after = found[-1].owner_id
