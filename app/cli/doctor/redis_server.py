"""Redis, where limits are counted when there is one."""

from collections.abc import Iterator

from app.cli.doctor.finding import Deployment, Finding, ok, warning

_SECONDS = 2


def check_redis(deployment: Deployment) -> Iterator[Finding]:
    """Whether it answers. Without it limits go on, in each process for itself."""
    url: str | None = getattr(deployment.settings, "redis_url", None)
    if not url:
        return
    import redis

    try:
        client = redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
        client.ping()
        client.close()
    except (redis.RedisError, OSError, ValueError) as problem:
        yield warning(
            f"REDIS_URL leads to a Redis that does not answer ({type(problem).__name__}): each process counts for itself.",
            "Start Redis, or correct REDIS_URL.",
        )
    else:
        yield ok("Redis answers.")
