"""Where data is kept, and how it is reached."""

from typing import Any

from app.config.values import Environment, told_by
from app.database.url import read_database_url


def read_stores(environment: Environment) -> dict[str, Any]:
    return {
        "database_url": _database_url(environment),
        "purge_interval": environment.integer("PURGE_INTERVAL", 300, 0, 24 * 60 * 60),
    }


def _database_url(environment: Environment) -> str:
    text = environment.text("DATABASE_URL")
    if text:
        return told_by(read_database_url, text)
    folder = environment.instance_path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'reliquary.sqlite3'}"
