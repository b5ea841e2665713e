"""``flask seed`` and ``purge``, and how every command uses the database: what goes wrong is one sentence, and exit code 1."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext

from app.accounts.models import Organization
from app.accounts.organizations import find_organization
from app.cli.printing import json_option, print_once, say
from app.clients.errors import ClientGone
from app.database.access import expect_reads
from app.database.leases import find_lease
from app.demonstration.seeds import SeedConflict, seed
from app.extensions import db
from app.http.services import services
from app.purge.run import LEASE, ClockAhead, Purge, demand_clock
from app.start_check import database_errors, explain, find_missing_migration

_SLUG = re.compile(r"[A-Za-z0-9_\-]{1,60}")


def init_app(app: Flask) -> None:
    """Add the commands of this file to ``flask``."""
    for command in (seed_command, purge_command):
        app.cli.add_command(command)


@click.command("seed")
@json_option
@with_appcontext
def seed_command(as_json: bool) -> None:
    """Add what is missing of the demonstration data. A secret is printed only when it was just made.

    \f
    Raises a sentence for what is in the way.
    """
    with database():
        try:
            data = seed()
        except SeedConflict as error:
            raise click.ClickException(str(error)) from None
        print_once(json.dumps(data) if as_json else _describe_seed(data))
        db.session.commit()


@click.command("purge")
@json_option
@with_appcontext
def purge_command(as_json: bool) -> None:
    """Remove what has expired, and print how many rows of each table.

    A server does so by itself every few minutes. Beside one that is at it this goes on all the same, and each counts what it removed itself.

    \f
    Raises a sentence where this machine's clock is ahead.
    """
    with database():
        try:
            demand_clock(db.engine)
        except ClockAhead as error:
            raise click.ClickException(f"{error} Nothing was removed.") from None
        purged = _purge()
    if as_json:
        say(json.dumps(purged))
        return
    for table, count in (purged | {"total": sum(purged.values())}).items():
        say(f"{table + ':':<25} {count}")


def _purge() -> dict[str, int]:
    purge = Purge(db.engine, services().settings, wait, nullcontext)
    if not purge.take_turn():
        lease = find_lease(db.engine, LEASE)
        click.echo(f"A server purges at this moment too: {lease.holder if lease else 'unknown'}.", err=True)
        return purge.run(everything=True)[0]
    is_done = False
    try:
        purged, is_done = purge.run(everything=True)
        return purged
    finally:
        purge.give_back(is_done=is_done)


def wait(seconds: float) -> bool:
    """Wait, as a command does that nobody tells to stop. Returns True."""
    time.sleep(seconds)
    return True


@contextmanager
def database(*, only_reads: bool = False) -> Iterator[None]:
    """What a command does with the database, refused in a sentence when the database is not ready for it.

    One that only reads waits for nobody who writes, and works where nobody can.

    Raises ``ClickException``.
    """
    _refuse_what_is_no_text()
    try:
        missing = find_missing_migration()
        if missing:
            raise _refusal(missing)
        with expect_reads() if only_reads else nullcontext():
            yield
    except ClientGone:
        raise _refusal("The app was deleted while this command waited for it.") from None
    except database_errors() as error:
        problem = explain(error)
        if problem is None:
            raise
        raise _refusal(problem) from None


def _refuse_what_is_no_text() -> None:
    """Raises ``ClickException`` for bytes that are not UTF-8: no database keeps them, and no search finds anything by them."""
    for name, value in click.get_current_context().params.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str) and re.search("[\ud800-\udfff]", one):
                given = name.replace("_", " ")
                raise click.ClickException(
                    f"What was given as {given} is not UTF-8 text; type it in a terminal that uses UTF-8."
                )


def _refusal(sentence: str) -> click.ClickException:
    return click.ClickException(sentence[0].upper() + sentence[1:])


def get_organization(slug: str) -> Organization:
    """Returns the organization. Raises ``ClickException`` when there is none."""
    organization = find_organization(slug) if _SLUG.fullmatch(slug) else None
    if organization is None:
        raise click.ClickException(f"There is no organization with the slug {slug!r}.")
    return organization


def _describe_seed(data: dict[str, list[dict[str, Any]]]) -> str:
    lines = ["Sign in with one of these:"]
    lines += [f"  {one['email']:<24} {one['password']:<24} {one['name']}" for one in data["users"]]
    for client in data["clients"]:
        lines += ["", f"{client['name']} ({client['type']}, {client['organization']})"]
        lines += [f"  client_id      {client['client_id']}"]
        if "client_secret" in client:
            lines += [f"  client_secret  {client['client_secret']} (not shown again)"]
        lines += [f"  redirect_uri   {uri}" for uri in client["redirect_uris"]]
    return "\n".join(lines)
