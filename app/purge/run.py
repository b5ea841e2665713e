"""One purge from the first table to the last, by whoever holds its lease."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Engine

from app import clock
from app.accounts.factors.resealing import reseal
from app.config import Settings
from app.database.leases import give_back_lease, new_holder, read_clock, renew_lease, take_lease
from app.memories.unfolded import fold_memories
from app.purge.accounts import purge_accounts
from app.purge.batches import Pace, purge_rule
from app.purge.full_accounts import count_full_accounts_anew
from app.purge.near_ends import tell_of_near_ends
from app.purge.rules import Rule, find_rules
from app.purge.short_receipts import purge_short_receipts
from app.purge.unused_clients import review_clients

#: The lease's name, and for how many seconds it is taken; it is renewed long before.
LEASE, LEASE_SECONDS = "purge", 60
#: Of a table whose rows must be looked at each, so many at a time; the next purge goes on behind them.
_MOST_LOOKED_AT = 100_000
#: Seconds that this machine's clock may be ahead of the database's: what is purged too early does not come back.
_MOST_AHEAD = 3600.0


class ClockAhead(Exception):
    """Much that has not expired would be purged; the message says what to do."""


def demand_clock(engine: Engine) -> None:
    """Raises :class:`ClockAhead` where this machine is in the future of the database, which all machines share."""
    ahead = clock.now().timestamp() - read_clock(engine)
    if ahead > _MOST_AHEAD:
        raise ClockAhead(f"This machine's clock is {ahead:.0f} s ahead of the database's. Put it right.")


class Purge(Struct):
    """What one process purges. ``pause`` waits so many seconds and returns whether to go on.

    ``context`` is the app's, in which people are told of what is about to end.
    """

    engine: Engine
    settings: Settings
    pause: Callable[[float], bool]
    context: Callable[[], AbstractContextManager[Any]]
    holder: str = field(default_factory=new_holder)
    _places: dict[str, tuple[Any, Any] | None] = field(default_factory=dict)
    _renewed: float | None = None

    def take_turn(self, every: float = 0) -> bool:
        """Take the lease, unless another has it or was done less than ``every`` seconds ago. Returns whether it was."""
        is_ours = take_lease(self.engine, LEASE, self.holder, seconds=LEASE_SECONDS, every=every)
        self._renewed = time.monotonic() if is_ours else None
        return is_ours

    def give_back(self, *, is_done: bool) -> None:
        """Let another have the next turn."""
        self._renewed = None
        give_back_lease(self.engine, LEASE, self.holder, is_done=is_done)

    def run(self, *, everything: bool) -> tuple[dict[str, int], bool]:
        """Delete what has expired. Without ``everything`` a table whose rows must be looked at each is, in pieces.

        Returns how many rows of each table went, which clients nobody used, and whether it came to the end.
        """
        pace = Pace(self._go_on)
        # While machines are replaced one after the other, the version before writes memories without their words.
        fold_memories(self.engine)
        reseal(self.engine, self.settings.secret_keys)
        deleted: dict[str, int] = {}
        for rule in find_rules(self.settings):
            deleted[rule.name] = deleted.get(rule.name, 0) + self._purge(rule, pace, everything)
            if not self._go_on(0):
                return deleted, False
        for name, count in purge_short_receipts(self.engine, pace).items():
            deleted[name] = deleted.get(name, 0) + count
        reviewed, is_done = review_clients(self.engine, pace)
        left: dict[str, int] = {}
        with self.context():
            if is_done:
                left, is_done = purge_accounts(self.engine, pace)
            if is_done:
                is_done = tell_of_near_ends(self.engine, pace)
        if is_done:
            is_done = count_full_accounts_anew(self.engine, pace)
        return deleted | reviewed | left, is_done

    def _purge(self, rule: Rule, pace: Pace, everything: bool) -> int:
        in_pieces = not everything and not rule.is_certain
        after = self._places.get(rule.name) if in_pieces else None
        count, place = purge_rule(self.engine, rule, pace, after=after, most=_MOST_LOOKED_AT if in_pieces else None)
        if in_pieces:
            self._places[rule.name] = place
        return count

    def _go_on(self, seconds: float) -> bool:
        """Wait. Returns whether the turn is still ours, and nobody has told us to stop."""
        if self._renewed is not None and time.monotonic() - self._renewed > LEASE_SECONDS / 3:
            if not renew_lease(self.engine, LEASE, self.holder, seconds=LEASE_SECONDS):
                return False
            self._renewed = time.monotonic()
        return self.pause(seconds)
