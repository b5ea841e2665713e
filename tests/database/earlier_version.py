"""The version before, as far as a database can tell: how it issues, redeems and ends, by its recorded statements.

Its database was in use before revision 0017, whose triggers wrote all that it does into a second set of tables too.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from app import clock, credentials
from tests.integrator import s256

#: The last revision of that version, and the one at which people began to use its database.
EARLIER, BEGINNING = "0042", "0014"

_STATEMENTS = dict(
    re.findall(
        r"^-- (\w+)\n(.*?);$", (Path(__file__).parent / "earlier_version.sql").read_text(), re.DOTALL | re.MULTILINE
    )
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SCOPE = "memories:read memories:write profile"
REDIRECT_URI = "https://notebook.acme.example/callback"


class EarlierVersion:
    """A server of that version, and the people of its database. It knows no column and no table that came later."""

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
            return text(sql.replace("group_concat(", "string_agg("))
        return text(sql.replace(" FOR KEY SHARE OF clients, oauth_families", ""))

    # -- what it has stored ------------------------------------------------------------------------

    def add_people(self) -> None:
        """One of each, at :data:`BEGINNING`: a person with a memento, an organization, a client, a consent and a receipt."""
        at, digest = clock.now().isoformat(" ", "microseconds"), credentials.digest(self.client_secret)
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

    def at(self, **offset: float) -> int:
        """A point in time from now, in microseconds."""
        return (clock.now() + timedelta(**offset) - _EPOCH) // timedelta(microseconds=1)

    def issue_code(self, **lifetime: float) -> tuple[str, int]:
        """A code and the number of its family. It lives for a minute unless told otherwise."""
        code = credentials.new_credential(credentials.AUTHORIZATION_CODE)
        facts = {"keeps_first_end": False, "names_profile": True}
        made = self.first("insert_family", grant_id=self.grant_id, issued_at=self.at(), **facts)
        self._insert(
            "insert_code",
            code,
            made["id"],
            self.at(**lifetime or {"seconds": 60}),
            redirect_uri=REDIRECT_URI,
            resources=None,
            code_challenge=s256(self.code_verifier),
        )
        return code, made["id"]

    def issue_tokens(self, family_id: int | None = None) -> dict[str, Any]:
        """An access token and a refresh token, of a new family unless one is given; by the names on the wire."""
        if family_id is None:
            _, family_id = self.issue_code()
        access, refresh = map(credentials.new_credential, (credentials.ACCESS_TOKEN, credentials.REFRESH_TOKEN))
        self._insert("insert_access_token", access, family_id, self.at(hours=1))
        self._insert("insert_refresh_token", refresh, family_id, self.at(days=30), resources=None)
        return {"access_token": access, "refresh_token": refresh, "family_id": family_id}

    def issue_own_token(self) -> str:
        """An access token of the client's organization."""
        token = credentials.new_credential(credentials.ACCESS_TOKEN)
        self._insert("insert_access_token", token, None, self.at(hours=1))
        return token

    def _insert(self, name: str, token: str, family_id: int | None, expires_at: int, **more: str | None) -> None:
        self.run(
            name,
            digest=stored_digest(token),
            client_key=self.client_id,
            family_id=family_id,
            audience="api",
            scope=SCOPE,
            issued_at=self.at(),
            expires_at=expires_at,
            **more,
        )

    # -- what it does ------------------------------------------------------------------------------

    def redeem(self, code: str) -> bool:
        """Whether it is this call that redeems the code."""
        digest = stored_digest(code)
        held = self._hold(self.first("find_code", code_digest=digest))
        return self.run("redeem_code", code_digest=digest, at=self.at(), **held) == 1

    def rotate(self, refresh_token: str, salt: str = "a" * 64) -> str | None:
        """The successor, if it is this call that rotates the token."""
        digest, following = stored_digest(refresh_token), credentials.successor(refresh_token, salt)
        token = self.first("find_refresh_token", token_digest=digest)
        values = {"next_digest": stored_digest(following), "next_salt": bytes.fromhex(salt), **self._hold(token)}
        if self.run("rotate_refresh_token", token_digest=digest, at=self.at(), **values) != 1:
            return None
        self._insert("insert_refresh_token", following, token["family_id"], self.at(days=30), resources=None)
        return following

    def count_repeat(self, refresh_token: str, most: int = 5) -> int:
        """How many rows say that the successor may be given again: one or none."""
        digest = stored_digest(refresh_token)
        held = self._hold(self.first("find_refresh_token", token_digest=digest))
        return self.run("count_repeat", token_digest=digest, most=most, **held)

    def _hold(self, found: dict[str, Any]) -> dict[str, Any]:
        return {"held_client": self.client_id, "held_family": found["family_id"]}

    def is_alive(self, access_token: str) -> bool:
        """Whether its API would take the access token, but for its own time."""
        token = self.first("find_access_token", token_digest=stored_digest(access_token))
        ends = (
            *("revoked_at", "family_revoked_at", "consent_revoked_at", "consent_paused_at", "client_suspended_at"),
            "account_closed_as",
        )
        return token is not None and token["audience"] == "api" and all(token[end] is None for end in ends)


def stored_digest(token: str) -> bytes:
    """The digest of a code or token as that version stores it."""
    return bytes.fromhex(credentials.digest(token))


def as_instant(stored: int) -> datetime:
    """A point in time of that version."""
    return _EPOCH + timedelta(microseconds=stored)
