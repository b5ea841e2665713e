"""``flask mail``: letters that wait, that could not be sent, and one to try it with."""

import json
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app.cli.clients.described import instant
from app.cli.commands import database
from app.cli.printing import json_option, limit_option, say, say_more
from app.config import settings
from app.extensions import db
from app.mail import mail_goes_out
from app.mail.carriers import choose_carrier
from app.mail.looking_after import count_stuck, drop_letter, list_stuck, send_again
from app.mail.models import OutgoingMail
from app.mail.outbox import put_mail
from app.mail.sending import send_due
from app.mail.trial import TRIAL

mail = AppGroup("mail", help="Look after the letters that this server sends.")


def init_app(app: Flask) -> None:
    """Add the commands of this file to ``flask``."""
    app.cli.add_command(mail)


@mail.command("list")
@limit_option
@json_option
def list_command(limit: int, as_json: bool) -> None:
    """List letters that wait, and those that did not go out, each with why; the latest first."""
    with database(only_reads=True):
        letters, total = [_describe(one) for one in list_stuck(db.session(), most=limit)], count_stuck(db.session())
    if as_json:
        say(json.dumps({"letters": letters, "total": total}))
        return
    for one in letters:
        say(f"{one['id']} {one['state']:<9} {one['kind']:<18} {one['to']} ({one['put_at']})")
        if one["says"]:
            say(f"{'':<5}{one['says']}")
    say_more(total - len(letters), "say how many by --limit")


@mail.command("retry")
@click.argument("letters", nargs=-1)
@click.option("--all", "takes_all", is_flag=True, help="Every letter that waits or did not go out.")
@json_option
def retry_command(letters: tuple[str, ...], takes_all: bool, as_json: bool) -> None:
    """Let LETTERS go out now, also those that may have arrived. A server sends them within seconds.

    \f
    Raises a sentence for what is no such letter.
    """
    with database():
        chosen = _choose(letters, takes_all)
        done = [one for one in chosen if send_again(db.session(), one, actor_user_id=None)]
        _check(chosen, done, takes_all)
        db.session.commit()
    say(json.dumps({"retried": done}) if as_json else f"Letters that go out now: {len(done)}.")


@mail.command("drop")
@click.argument("letters", nargs=-1, required=True)
@json_option
def drop_command(letters: tuple[str, ...], as_json: bool) -> None:
    """Let go of LETTERS: they are not sent.

    \f
    Raises a sentence for what is no such letter.
    """
    with database():
        done = [one for one in letters if drop_letter(db.session(), one, actor_user_id=None)]
        _check(letters, done, False)
        db.session.commit()
    say(json.dumps({"dropped": done}) if as_json else f"Letters that are not sent: {len(done)}.")


@mail.command("send")
@json_option
def send_command(as_json: bool) -> None:
    """Send what is due now, in this process. A server does so by itself."""
    _check_that_mail_goes_out()
    with database():
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        sent = send_due(app, choose_carrier(settings(), db.engine))
    say(json.dumps({"sent": sent}) if as_json else f"Letters sent: {sent}.")


@mail.command("try")
@click.argument("address")
@json_option
def try_command(address: str, as_json: bool) -> None:
    """Put a letter to ADDRESS into the outbox, to see whether letters arrive. A server sends it.

    \f
    Raises a sentence for what cannot be.
    """
    _check_that_mail_goes_out()
    with database():
        try:
            put_mail(db.session, TRIAL, to=address)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        db.session.commit()
    say(json.dumps({"to": address}) if as_json else "The letter is in the outbox; flask mail list says if it waits.")


def _check_that_mail_goes_out() -> None:
    if not mail_goes_out():
        raise click.ClickException("No letter goes out, as SMTP_URL is not set.")


def _choose(letters: tuple[str, ...], takes_all: bool) -> tuple[str, ...]:
    if bool(letters) == takes_all:
        raise click.ClickException("Name the letters, as flask mail list does, or say --all.")
    return tuple(one.id for one in list_stuck(db.session(), most=100_000)) if takes_all else letters


def _check(chosen: tuple[str, ...], done: list[str], takes_all: bool) -> None:
    missing = [one for one in chosen if one not in done]
    if missing and not takes_all:
        raise click.ClickException(f"No letter {missing[0]!r} waits or did not go out; nothing was changed.")


def _describe(letter: OutgoingMail) -> dict[str, Any]:
    return {
        "id": letter.id,
        "kind": letter.kind,
        "to": letter.recipient,
        "state": str(letter.state),
        "says": letter.says,
        "tries": letter.tries,
        "put_at": instant(letter.created_at),
        "next_at": instant(letter.next_at),
    }
