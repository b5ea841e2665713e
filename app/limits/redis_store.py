"""Counters in Redis, which all processes on all machines share."""

from typing import Any

from limits.storage import RedisStorage
from redis import ConnectionError as RedisConnectionError
from redis.backoff import NoBackoff
from redis.retry import Retry

from app import clock

#: So long does a request wait for Redis, in seconds, before it is taken for away.
TIMEOUT = 0.2


class RedisCounters(RedisStorage):
    """The library's, with waits that are short, and an end of a window that is exact."""

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = {
            "socket_timeout": TIMEOUT,
            "socket_connect_timeout": TIMEOUT,
            # Once, for a connection that Redis closed while it lay idle. Who does not answer is not asked again.
            "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        }
        super().__init__(url, key_prefix="reliquary", **options)

    def get_expiry(self, key: str) -> float:
        left: int = self.storage.pttl(self.prefixed_key(key))
        return clock.now().timestamp() + max(left, 0) / 1000

    def check(self) -> bool:
        """Returns whether something can be counted; one that only reads, or whose memory is full, cannot."""
        self.incr("check", 1)
        return True
