"""Searching and listing among 100,000 memories against the same among 1,000: ``python -m benchmarks.search``.

One person, one app that may look through three mementos (a whole integration, a folder of another, some single
memories). Each request goes through the whole application, in process. The target: at most three times as long.
``TEST_POSTGRESQL_URL`` names a PostgreSQL server to use instead of a temporary cluster, as for the tests.
"""

import argparse
import logging
import random
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import event, insert, text

from app import clock, create_app, credentials
from app.accounts.users import register_user
from app.clients.registration import register_client
from app.config import read_settings, settings
from app.consents.models import Consent, ConsentMemento
from app.consents.resources import API, MCP
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from benchmarks.through_gunicorn import server_environ
from tests.databases import Cluster, missing_postgresql, new_database

_FEW, _MANY = 1_000, 100_000
_TARGET = 3.0
_ROUNDS = 25
_INTEGRATIONS = ("google_drive", "slack", "gmail", "dropbox", "notion")
_START = datetime(2020, 1, 1, tzinfo=UTC)

#: What is asked for: a name, and the query. Words are drawn so that one in a hundred, in ten, and each has them.
_REQUESTS = (
    ("search, 1 in 1000 has the word", {"q": "rareword"}),
    ("search, 1 in 100 has the word", {"q": "seldomword"}),
    ("search, 1 in 10 has the word", {"q": "oftenword"}),
    ("search, all have the word", {"q": "everyword"}),
    ("search, two words", {"q": "oftenword seldomword"}),
    ("search, a phrase", {"q": '"everyword oftenword"'}),
    ("search in one memento", {"q": "everyword", "memento": "folder"}),
    ("search, no match", {"q": "nobodyword"}),
    ("list", {}),
    ("list of one memento, a folder", {"memento": "folder"}),
    ("list of one memento, ten old ones", {"memento": "single"}),
    ("list of one integration, one in five", {"integration": "drive"}),
)


@dataclass(frozen=True, slots=True)
class Library:
    """A database with one person's memories, and tokens of the app that looks through three mementos of theirs."""

    app: Flask
    #: A token for each resource, by the resource's short name.
    tokens: dict[str, str]
    ids: dict[str, str]


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__.splitlines()[0])
    arguments.add_argument("--database", action="append", choices=("sqlite", "postgresql"), help="only on this one")
    arguments.add_argument("--plans", action="store_true", help="also show how the databases answer")
    arguments = arguments.parse_args()
    cluster = Cluster.in_new_directory()
    try:
        for backend in arguments.database or ("sqlite", "postgresql"):
            missing = missing_postgresql() if backend == "postgresql" else None
            if missing:
                print(f"\nNothing is measured on PostgreSQL: {missing}.")
                continue
            with tempfile.TemporaryDirectory(prefix="reliquary-benchmarks-") as directory:
                _measure(backend, cluster, Path(directory), show_plans=arguments.plans)
    finally:
        cluster.stop()


def _measure(backend: str, cluster: Cluster, directory: Path, *, show_plans: bool) -> None:
    with (
        new_database(backend, cluster, directory) as few_url,
        new_database(backend, cluster, directory) as many_url,
    ):
        few, many = fill(few_url, directory, _FEW), fill(many_url, directory, _MANY)
        print(f"\n{backend}, milliseconds a request (median of {_ROUNDS}), {_FEW:,} and {_MANY:,} memories\n")
        print(
            f"| {'request':<36} | {'few':>7} | {'many':>7} | {'ratio':>7} | matches |\n| --- | --: | --: | --: | --: |"
        )
        for name, query in _REQUESTS:
            before, after, found = _compare(few, many, query)
            verdict = "" if after <= _TARGET * before else " MISSED"
            print(
                f"| {name:<36} | {before:>7.2f} | {after:>7.2f} | {after / before:>7.2f} | {found:>7} |{verdict}",
                flush=True,
            )
        if show_plans:
            _show_plans(many)
        for library in (few, many):
            with library.app.app_context():
                db.engine.dispose()


def _compare(few: Library, many: Library, query: dict[str, str]) -> tuple[float, float, int]:
    """Milliseconds with few and with many memories, in turns, and how many the first page with many has."""
    samples: tuple[list[float], list[float]] = ([], [])
    found = 0
    for round_ in range(_ROUNDS + 3):
        for library, spent in zip((few, many), samples, strict=True):
            begin = time.perf_counter()
            found = _ask(library, query)
            if round_ >= 3:
                spent.append((time.perf_counter() - begin) * 1000)
    return median(samples[0]), median(samples[1]), found


def _ask(library: Library, query: dict[str, str]) -> int:
    query = {name: library.ids.get(value, value) for name, value in query.items()}
    response = library.app.test_client().get(
        "/api/v1/memories/", query_string=query, headers={"Authorization": f"Bearer {library.tokens[API]}"}
    )
    assert response.status_code == 200, response.text
    return len(response.json["data"])


def _show_plans(library: Library) -> None:
    """Run the requests once more and have the database explain every statement that touches memories."""
    with library.app.app_context():
        statements: list[tuple[str, object]] = []

        def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
            if "ORDER BY" in statement and ("FROM memories" in statement or "memory_search" in statement):
                statements.append((statement, parameters))

        event.listen(db.engine, "before_cursor_execute", note)
        for name, query in _REQUESTS[1:4] + _REQUESTS[-4:-1]:
            statements.clear()
            _ask(library, query)
            print(f"\n-- {name}")
            for statement, parameters in statements:
                _explain(statement, parameters)
        event.remove(db.engine, "before_cursor_execute", note)


def _explain(statement: str, parameters) -> None:
    sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (ANALYZE, COSTS OFF) ") + statement, parameters)
        for row in cursor.fetchall():
            print("   ", row[-1])


# -- what is searched ------------------------------------------------------------------------------


def fill(url: str, directory: Path, count: int) -> Library:
    """Returns an empty database filled with so many memories."""
    app = create_app(read_settings(server_environ(url), directory))
    # Nothing is written down meanwhile.
    app.extensions["services"].notes.have_threads = False
    with app.app_context():
        upgrade()
        user = register_user(email="a@example.com", name="A", password="not for signing in", organization_name="Acme")
        db.session.flush()
        integrations = [Integration(user_id=user.id, kind=kind, name=kind) for kind in _INTEGRATIONS]
        db.session.add_all(integrations)
        db.session.flush()
        drive, slack = (integration.id for integration in integrations[:2])
        ids = _add_memories(user.id, [integration.id for integration in integrations], count)
        mementos = [
            Memento(user_id=user.id, name="Drive", contents=[MementoContent(integration_id=drive)]),
            Memento(user_id=user.id, name="Folder", contents=[MementoContent(integration_id=slack, folder="Trips")]),
            Memento(user_id=user.id, name="Single", contents=[MementoContent(memory_id=id) for id in ids[2::100][:10]]),
        ]
        db.session.add_all(mementos)
        db.session.flush()
        tokens = _allow(user, mementos)
        db.session.commit()
        with db.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        return Library(app, tokens, {"folder": mementos[1].id, "single": mementos[2].id, "drive": drive})


def _add_memories(user_id: str, integration_ids: list[str], count: int) -> list[str]:
    chance = random.Random(7)
    vocabulary = [f"word{number}" for number in range(5_000)]
    rows = []
    for number in range(count):
        words = chance.choices(vocabulary, k=40)
        words[0] = "everyword"
        for word, one_in in (("oftenword", 10), ("seldomword", 100), ("rareword", 1000)):
            if chance.randrange(one_in) == 0:
                words[1 + (one_in > 10) + (one_in > 100)] = word
        at = _START + timedelta(minutes=number)
        rows.append(
            {
                "id": credentials.new_id("mry"),
                "user_id": user_id,
                "integration_id": integration_ids[number % len(integration_ids)],
                "folder": ("Trips/Lisbon", "Trips", "Work", "", "Private")[number // 5 % 5],
                "title": " ".join(chance.choices(vocabulary, k=4)),
                "text": " ".join(words),
                "created_at": at,
                "updated_at": at,
            }
        )
    for begin in range(0, count, 1000):
        db.session.execute(insert(Memory), rows[begin : begin + 1000])
    return [row["id"] for row in rows]


def _allow(user, mementos: list[Memento]) -> dict[str, str]:
    client, _ = register_client(
        db.session(),
        settings(),
        organization=user.memberships[0].organization,
        name="App",
        type="confidential",
        redirect_uris=["https://app.example/callback"],
        scopes=["memories:read"],
    )
    db.session.flush()
    consent = Consent(user_id=user.id, client_key=client.key, scope="memories:read", selection="selected")
    db.session.add(consent)
    db.session.flush()
    db.session.add_all(ConsentMemento(grant_id=consent.grant_id, memento_id=memento.id) for memento in mementos)
    family = TokenFamily(grant_id=consent.grant_id, issued_at=clock.now())
    db.session.add(family)
    db.session.flush()
    tokens = {audience: credentials.new_credential(credentials.ACCESS_TOKEN) for audience in (API, MCP)}
    db.session.add_all(
        AccessToken(
            digest=credentials.digest(token),
            client_key=client.key,
            family_id=family.id,
            audience=audience,
            scope="memories:read",
            issued_at=clock.now(),
            expires_at=clock.now() + timedelta(days=1),
        )
        for audience, token in tokens.items()
    )
    return tokens


if __name__ == "__main__":
    logging.getLogger("alembic").setLevel(logging.WARNING)
    main()
