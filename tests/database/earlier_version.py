"""The version whose token tables were the old ones, as far as a database can tell: its statements, and what it stored.

The triggers of revision 0017 keep both generations of tables the same, so what it does counts in the new ones.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from app import clock, credentials
from tests.integrator import s256

#: The last revision of that version.
EARLIER = "0014"

_STATEMENTS = dict(
    re.findall(
        r"^-- (\w+)\n(.*?);$", (Path(__file__).parent / "earlier_version.sql").read_text(), re.DOTALL | re.MULTILINE
    )
)

SCOPE = "memories:read memories:write profile"
REDIRECT_URI = "https://notebook.acme.example/callback"


class EarlierVersion:
    """A server of that version. It knows no column and no table that came later."""

    user_id, organization_id, client_id, grant_id = "usr_1", "org_1", "client_1", "grant_1"
    memento_id, client_secret, code_verifier = "mem_1", "rlq_cs_" + "5" * 64, "v" * 43

    def __init__(self, engine: Engine):
        self._engine = engine

    def run(self, name: str, **values: Any) -> int:
        """Execute one of its statements; the rows that it changed or found."""
        with self._engine.begin() as connection:
            result = connection.execute(self._statement(name), values)
            return len(result.all()) if result.returns_rows else result.rowcount

    def first(self, name: str, **values: Any) -> dict[str, Any] | None:
        """The first row that one of its statements finds, or None."""
        with self._engine.begin() as connection:
            row = connection.execute(self._statement(name), values).mappings().first()
            return None if row is None else dict(row)

    def _statement(self, name: str):
        sql = _STATEMENTS[name]
        if self._engine.dialect.name == "postgresql":
            sql = sql.replace("group_concat(", "string_agg(")
        return text(sql)

    # -- what it has stored ------------------------------------------------------------------------

    def add_people(self) -> None:
        """One of each: a person with a memento, an organization, a client with a secret, a consent and a receipt."""
        at, digest = self.at(), credentials.digest(self.client_secret)
        for table, row in (
            (
                "users",
                {"id": self.user_id, "email": "a@acme.example", "name": "A", "password_hash": "", "created_at": at},
            ),
            ("organizations", {"id": self.organization_id, "slug": "acme", "name": "Acme", "created_at": at}),
            (
                "memberships",
                {"user_id": self.user_id, "organization_id": self.organization_id, "role": "owner", "created_at": at},
            ),
            ("mementos", {"id": self.memento_id, "user_id": self.user_id, "name": "Work", "created_at": at}),
            (
                "clients",
                {"client_id": self.client_id, "organization_id": self.organization_id, "name": "Acme Notebook"}
                | {"type": "confidential", "redirect_uris": REDIRECT_URI, "scope": SCOPE, "native_app": False}
                | {"require_pkce": False, "created_at": at, "updated_at": at, "version": 1, "optional_scope": ""}
                | dict.fromkeys(("description", "homepage_url", "privacy_url", "terms_url"), ""),
            ),
            (
                "client_secrets",
                {
                    "digest": digest,
                    "id": "sec_1",
                    "hint": "5555",
                    "client_id": self.client_id,
                    "created_at": at,
                    "label": "",
                },
            ),
            (
                "consents",
                {"grant_id": self.grant_id, "user_id": self.user_id, "client_id": self.client_id, "scope": SCOPE}
                | {"selection": "selected", "issued_at": at, "updated_at": at},
            ),
            ("consent_mementos", {"grant_id": self.grant_id, "memento_id": self.memento_id, "can_write": True}),
            (
                "access_records",
                {
                    "id": "rec_1",
                    "grant_id": self.grant_id,
                    "minute": at,
                    "action": "read",
                    "memento_key": "",
                    "count": 7,
                },
            ),
        ):
            with self._engine.begin() as connection:
                names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)

    def at(self, **offset: float) -> str:
        """A point in time from now, as it is given to either database."""
        return (clock.now() + timedelta(**offset)).isoformat(" ", "microseconds")

    def issue_code(self, **lifetime: float) -> tuple[str, str]:
        """A code and the id of its family. It lives for a minute unless told otherwise."""
        code, family_id = credentials.new_credential(credentials.AUTHORIZATION_CODE), credentials.new_id("fam")
        self.run("insert_family", family_id=family_id, grant_id=self.grant_id, issued_at=self.at())
        self.run(
            "insert_code",
            digest=credentials.digest(code),
            client_id=self.client_id,
            family_id=family_id,
            redirect_uri=REDIRECT_URI,
            scope=SCOPE,
            code_challenge=s256(self.code_verifier),
            issued_at=self.at(),
            expires_at=self.at(**lifetime or {"seconds": 60}),
        )
        return code, family_id

    def issue_tokens(self, family_id: str | None = None) -> dict[str, str]:
        """An access token and a refresh token, of a new family unless one is given; by the names on the wire."""
        if family_id is None:
            _, family_id = self.issue_code()
        access = self._insert("insert_access_token", credentials.ACCESS_TOKEN, family_id, self.at(hours=1))
        refresh = self._insert("insert_refresh_token", credentials.REFRESH_TOKEN, family_id, self.at(days=30))
        return {"access_token": access, "refresh_token": refresh, "family_id": family_id}

    def issue_own_token(self) -> str:
        """An access token of the client's organization."""
        return self._insert("insert_access_token", credentials.ACCESS_TOKEN, None, self.at(hours=1))

    def _insert(self, name: str, prefix: str, family_id: str | None, expires_at: str, token: str | None = None) -> str:
        token = token or credentials.new_credential(prefix)
        self.run(
            name,
            digest=credentials.digest(token),
            hint=credentials.hint(token),
            client_id=self.client_id,
            family_id=family_id,
            scope=SCOPE,
            issued_at=self.at(),
            expires_at=expires_at,
        )
        return token

    # -- what it does ------------------------------------------------------------------------------

    def redeem(self, code: str) -> bool:
        """Whether it is this call that redeems the code."""
        return self.run("redeem_code", code_digest=credentials.digest(code), at=self.at()) == 1

    def rotate(self, refresh_token: str, salt: str = "a" * 64) -> str | None:
        """The successor, if it is this call that rotates the token."""
        digest, following = credentials.digest(refresh_token), credentials.successor(refresh_token, salt)
        token = self.first("find_refresh_token", token_digest=digest)
        values = {"next_digest": credentials.digest(following), "next_salt": salt}
        if self.run("rotate_refresh_token", token_digest=digest, at=self.at(), **values) != 1:
            return None
        return self._insert("insert_refresh_token", "", token["family_id"], self.at(days=30), following)

    def is_alive(self, access_token: str) -> bool:
        """Whether it would take the access token."""
        token = self.first("find_access_token", token_digest=credentials.digest(access_token))
        ends = ("revoked_at", "family_revoked_at", "consent_revoked_at", "consent_paused_at", "client_suspended_at")
        return token is not None and all(token[end] is None for end in ends)


def as_instant(stored: datetime | str | None) -> datetime | None:
    """A point in time of that version, as either database gives it."""
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored
