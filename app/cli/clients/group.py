"""What the commands of ``flask clients`` share: the group, the app that an argument names, and how it is refused."""

from collections.abc import Callable
from typing import TypeVar

import click
from flask.cli import AppGroup

from app.clients.errors import ClientError
from app.clients.models import REGISTERED, Client, find_record
from app.extensions import db

clients = AppGroup("clients", help="Look after apps, whoever registered them.")

_Made = TypeVar("_Made")


def get_client(client_id: str) -> Client:
    """Returns the app. Refuses a client id that no app has. Raises ``ClickException``."""
    client = find_record(db.session(), client_id)
    if client is None:
        raise click.ClickException(f"There is no app with the client id {client_id!r}.")
    return client


def get_registered(client_id: str) -> Client:
    """Returns the app, which an organization has registered. Raises ``ClickException`` for any other."""
    client = get_client(client_id)
    if client.origin != REGISTERED:
        raise click.ClickException(
            "This app says itself what it is, so that is not changed here. It can be suspended, resumed or deleted."
        )
    return client


def or_refused(act: Callable[[], _Made]) -> _Made:
    """Returns what ``act`` returns, or refuses with all that is wrong. Raises ``ClickException``."""
    try:
        return act()
    except ClientError as error:
        raise click.ClickException(" ".join(sentence for _, sentence in error.problems)) from None
