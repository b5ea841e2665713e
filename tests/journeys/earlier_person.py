"""What a person of the version before had: Alice's account, her apps and what they may see, read and wrote.

``person_of_0025.json`` holds the rows of a database that the code of revision 0025 has made: Alice allowed Acme
Notebook two mementos, and it kept two notes; she paused Acme Pocket, which may look through everything, and ended Desk
Agent, which had registered itself. Each point in time stands there as so many seconds ago.
"""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from app import create_app
from app.config import Settings
from app.extensions import db
from tests.migrated import bring_up_to_date

_PERSON = json.loads((Path(__file__).parent / "person_of_0025.json").read_text())
#: What she and Acme Notebook held then: ``password``, ``access_token``, ``refresh_token``, ``client_secret``, ``grant_id``.
HELD: dict[str, str] = _PERSON["credentials"]


def make_database(database_url: str) -> None:
    """Make an SQLite database as the version before left it."""
    app = create_app(Settings(database_url, "only-for-tests-" + "0" * 32, "http://localhost"))
    bring_up_to_date(app, _PERSON["revision"])
    with app.app_context():
        db.engine.dispose()
    now = datetime.now(UTC)
    connection = sqlite3.connect(make_url(database_url).database)
    with connection:
        # The tables come in the order of their names.
        connection.execute("PRAGMA defer_foreign_keys = on")
        for name, table in _PERSON["tables"].items():
            columns, places = ", ".join(f'"{one}"' for one in table["columns"]), ", ".join("?" * len(table["columns"]))
            rows = [[_read(value, now) for value in row] for row in table["rows"]]
            connection.executemany(f'INSERT INTO "{name}" ({columns}) VALUES ({places})', rows)
    connection.close()


def _read(value: Any, now: datetime) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, told),) = value.items()
    if kind == "hex":
        return bytes.fromhex(told)
    moment = now - timedelta(seconds=told)
    return int(moment.timestamp() * 1e6) if kind == "ago_us" else f"{moment:%Y-%m-%d %H:%M:%S.%f}+00:00"
