"""The version before, as far as a database can tell: its statements, recorded, and what it would have stored."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from app import credentials

#: The last revision of that version.
RUNNING = "0019"

_STATEMENTS = dict(
    re.findall(
        r"^-- (\w+)\n(.*?);$", (Path(__file__).parent / "running_version.sql").read_text(), re.DOTALL | re.MULTILINE
    )
)
STATEMENT_NAMES = list(_STATEMENTS)

SCOPE = "memories:read memories:write profile"
REDIRECT_URI = "https://notebook.acme.example/callback"
#: When what it has stored was made.
MADE = "2026-01-01 00:00:00.000000+00:00"

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00")


class RunningVersion:
    """A server of the version before. It knows no column and no table that came later."""

    user_id, organization_id, client_id, grant_id = "usr_1", "org_1", "client_1", "grant_1"
    memento_id, integration_id, client_secret = "mem_1", "int_1", "rlq_cs_" + "5" * 64

    def __init__(self, engine: Engine):
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"

    def run(self, name: str, **values: Any) -> int:
        """Execute one of its statements; the rows that it changed or found."""
        sql = _STATEMENTS[name]
        with self._engine.begin() as connection:
            result = connection.execute(
                text(sql if self._is_sqlite else sql.replace("group_concat(", "string_agg(")), self._bind(values)
            )
            return len(result.all()) if result.returns_rows else result.rowcount

    def _bind(self, values: dict[str, Any]) -> dict[str, Any]:
        """Points in time are text on SQLite alone."""
        if self._is_sqlite:
            return values
        return {
            name: datetime.fromisoformat(value) if isinstance(value, str) and _INSTANT.fullmatch(value) else value
            for name, value in values.items()
        }

    def add_people(self) -> None:
        """One of each: a person with a memento, an organization, a client with a secret, and a consent."""
        for table, row in self._rows():
            with self._engine.begin() as connection:
                names, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), self._bind(row))

    def _rows(self) -> list[tuple[str, dict[str, Any]]]:
        person, organization = {"user_id": self.user_id}, {"organization_id": self.organization_id}
        client = {"client_id": self.client_id}
        return [
            (
                "users",
                {"id": self.user_id, "email": "a@acme.example", "name": "A", "password_hash": "", "created_at": MADE},
            ),
            ("organizations", {"id": self.organization_id, "slug": "acme", "name": "Acme", "created_at": MADE}),
            ("memberships", person | organization | {"role": "owner", "created_at": MADE}),
            ("mementos", person | {"id": self.memento_id, "name": "Work", "created_at": MADE}),
            (
                "integrations",
                person
                | {"id": self.integration_id, "kind": "memory", "name": "Notes", "status": "connected"}
                | {"created_at": MADE},
            ),
            (
                "clients",
                client
                | organization
                | {"key": self.client_id, "origin": "registered", "name": "Acme Notebook", "type": "confidential"}
                | {"redirect_uris": REDIRECT_URI, "scope": SCOPE, "optional_scope": "", "native_app": False}
                | {"require_pkce": False, "created_at": MADE, "updated_at": MADE, "version": 1}
                | dict.fromkeys(("description", "homepage_url", "privacy_url", "terms_url"), ""),
            ),
            (
                "client_secrets",
                client
                | {"digest": credentials.digest(self.client_secret), "id": "sec_1", "hint": "5555"}
                | {"created_at": MADE, "label": ""},
            ),
            (
                "consents",
                person
                | client
                | {"grant_id": self.grant_id, "scope": SCOPE, "declined_scope": "", "selection": "selected"}
                | {"installation": "", "resources": "api", "issued_at": MADE, "updated_at": MADE},
            ),
            ("consent_mementos", {"grant_id": self.grant_id, "memento_id": self.memento_id, "can_write": True}),
        ]
