"""The same clock that the sign-in's tests stop, and a Redis."""

from collections.abc import Iterator

import pytest
import redis

from tests.accounts.conftest import clock  # noqa: F401
from tests.redis_servers import RedisServer, running_redis


@pytest.fixture(scope="module")
def _running_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_server(_running_redis) -> RedisServer:
    """A Redis that holds nothing."""
    with redis.from_url(_running_redis.url) as client:
        client.flushall()
    return _running_redis
