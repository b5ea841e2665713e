"""The one interface of everything that is limited: take an attempt, give it back, or count a failure."""

from math import ceil

from limits.storage import Storage
from sqlalchemy import Engine

from app import clock, metrics
from app.credentials import digest
from app.limits.calls import Calls
from app.limits.database import DatabaseStorage
from app.limits.errors import TooManyAttempts
from app.limits.process import WINDOWS_AHEAD, ProcessStorage
from app.limits.stand_in import StandIn
from app.limits.table import FIRST_TRIES, Limit
from app.redis_url import name_redis


class Limits:
    """One for each app. A limit is a line of :mod:`app.limits.table`; ``subject`` is for whom it is counted.

    What is stored of a subject is a digest, in every store: it may hold an address or an e-mail.
    """

    def __init__(self, storage: Storage, calls: Calls) -> None:
        self.storage, self.calls = storage, calls
        # What is over its limit is known here until then: whoever goes on knocking costs no statement.
        self._over = ProcessStorage()

    def take(self, limit: Limit, *subject: str) -> int:
        """Count an attempt, at once. Returns which one it is. Raises :class:`TooManyAttempts` for one too many."""
        number = self._count(limit, subject)
        if number > limit.most:
            metrics.LIMITS_HIT.inc(limit.name)
            raise TooManyAttempts(self._seconds(limit, subject))
        return number

    def take_loosely(self, limit: Limit, *subject: str, is_first: bool) -> None:
        """Do the same, but let a first try through :data:`FIRST_TRIES` times as often. Raises :class:`TooManyAttempts`.

        What is refused is not looked at, so it is given back: it must not use up what first tries have.
        """
        if self._count(limit, subject) > limit.most * (FIRST_TRIES if is_first else 1):
            seconds = self._seconds(limit, subject)
            self.give_back(limit, *subject)
            metrics.LIMITS_HIT.inc(limit.name)
            raise TooManyAttempts(seconds)

    def give_back(self, limit: Limit, *subject: str) -> None:
        """Uncount an attempt that was taken and turned out to be none."""
        self.storage.incr(_key(limit, subject), limit.seconds, -1)

    def fail(self, limit: Limit, *subject: str) -> int | None:
        """Count what has failed. Returns None, or the seconds to wait when it is one too many."""
        key = _key(limit, subject)
        seconds = self._find_over(limit, key)
        if not seconds:
            if self._count(limit, subject) <= limit.most:
                return None
            seconds = self._seconds(limit, subject)
            self._over.incr(key, seconds)
        metrics.LIMITS_HIT.inc(limit.name)
        return seconds

    def forget(self) -> None:
        """Begin anew with what this process alone knows."""
        self._over.reset()
        self.calls.forget()

    def _find_over(self, limit: Limit, key: str) -> int:
        """For how many seconds more this process knows that it is over its limit; 0 where it does not."""
        seconds = _until(self._over.get_expiry(key)) if self._over.get(key) else 0
        return seconds if seconds <= WINDOWS_AHEAD * limit.seconds else 0

    def _count(self, limit: Limit, subject: tuple[str, ...]) -> int:
        return int(self.storage.incr(_key(limit, subject), limit.seconds))

    def _seconds(self, limit: Limit, subject: tuple[str, ...]) -> int:
        return _until(self.storage.get_expiry(_key(limit, subject)))


def open_limits(engine: Engine, redis_url: str | None, calls_per_minute: int) -> Limits:
    """Returns the limits of an app, counted in Redis where there is one, else in the database."""
    if redis_url:
        # Redis' library is loaded where there is a Redis.
        from app.limits.redis_store import RedisCounters

        storage = StandIn(RedisCounters(redis_url), name_redis(redis_url))
    else:
        storage = StandIn(DatabaseStorage(engine), "The database")
    return Limits(storage, Calls(calls_per_minute))


def _key(limit: Limit, subject: tuple[str, ...]) -> str:
    return limit.item.key_for(digest("\n".join(subject)))


def _until(end: float) -> int:
    return max(1, ceil(end - clock.now().timestamp()))
