"""Redis, where limits are counted when there is one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.cli.doctor.finding import Deployment, Finding, ok, warning

if TYPE_CHECKING:
    import redis

_SECONDS = 2


def check_redis(deployment: Deployment) -> Iterator[Finding]:
    """Whether it answers, and takes what is counted. Without it limits go on, in each process for itself."""
    url: str | None = getattr(deployment.settings, "redis_url", None)
    if not url:
        return
    import redis

    try:
        with redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as client:
            client.ping()
            yield _look_closer(client)
    except (redis.RedisError, OSError, ValueError) as problem:
        yield warning(
            f"REDIS_URL leads to a Redis that does not answer ({type(problem).__name__}): each process counts for itself.",
            "Start Redis, or correct REDIS_URL.",
        )


def _look_closer(client: "redis.Redis") -> Finding:
    """What it says of itself; a user that may not ask for that is taken for one that may write."""
    from redis.exceptions import ResponseError

    try:
        told: dict[str, Any] = {**client.info("replication"), **client.info("memory")}
    except ResponseError:
        return ok("Redis answers.")
    if told.get("role") == "slave":
        return warning(
            "REDIS_URL leads to a Redis that only reads, as it is a replica: each process counts for itself.",
            "Let REDIS_URL lead to the one that writes.",
        )
    if 0 < told.get("maxmemory", 0) <= told.get("used_memory", 0) and told.get("maxmemory_policy") == "noeviction":
        return warning(
            "REDIS_URL leads to a Redis that is full: each process counts for itself.",
            "Raise its maxmemory, or let it forget what has an end (maxmemory-policy volatile-ttl).",
        )
    return ok("Redis answers.")
