"""Where data is kept, and how it is reached."""

from typing import Any

from app.config.values import Environment, told_by
from app.database.url import read_database_url
from app.redis_url import read_redis_url


def read_stores(environment: Environment) -> dict[str, Any]:
    return {
        "database_url": _database_url(environment),
        "database_synchronous": environment.choice("DATABASE_SYNCHRONOUS", "normal", ("normal", "full")),
        "purge_interval": environment.integer("PURGE_INTERVAL", 300, 0, 24 * 60 * 60),
        "redis_url": _redis_url(environment),
        "api_calls_per_minute": environment.integer("API_CALLS_PER_MINUTE", 6000, 0, 1_000_000),
        "account_memories": environment.integer("ACCOUNT_MEMORIES", 1_000_000, 0, 1_000_000_000),
        "account_megabytes": environment.integer("ACCOUNT_MEGABYTES", 1000, 0, 1_000_000_000),
    }


def _redis_url(environment: Environment) -> str | None:
    text = environment.text("REDIS_URL")
    return told_by(read_redis_url, text) if text else None


def _database_url(environment: Environment) -> str:
    text = environment.text("DATABASE_URL")
    if text:
        return told_by(read_database_url, text)
    folder = environment.instance_path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'reliquary.sqlite3'}"
