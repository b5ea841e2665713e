"""``flask clients activate``, ``suspend``, ``resume`` and ``delete``."""

from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from app import text
from app.cli.clients.group import clients, get_client, get_registered, or_refused
from app.cli.commands import database
from app.cli.printing import describe_made, json_option, print_made, print_once
from app.clients.life import activate_client, delete_client, resume_client, suspend_client
from app.clients.models import DOCUMENT, Client, ClientDocument
from app.config import settings
from app.extensions import db


@clients.command("activate")
@click.argument("client_id")
@json_option
def activate_command(client_id: str, as_json: bool) -> None:
    """Let a draft work, and print, this once, its secret."""
    with database():
        client = get_registered(client_id)
        secret = or_refused(lambda: activate_client(db.session(), settings(), client, actor_user_id=None))
        made = {"client_id": client_id, "status": client.status, "client_secret": secret}
        print_once(describe_made(made, as_json))
        db.session.commit()


@clients.command("suspend")
@click.argument("client_id")
@json_option
def suspend_command(client_id: str, as_json: bool) -> None:
    """Stop an app at once: it gets no tokens, and those it has do not work."""
    _set_status(client_id, suspend_client, as_json)


@clients.command("resume")
@click.argument("client_id")
@json_option
def resume_command(client_id: str, as_json: bool) -> None:
    """Let a suspended app work again."""
    _set_status(client_id, _resume, as_json)


@clients.command("delete")
@click.argument("client_id")
@click.option("--name", required=True, help="The app's name, so that nothing is deleted by a slip.")
@json_option
def delete_command(client_id: str, name: str, as_json: bool) -> None:
    """Delete an app with its secrets and tokens, and end it for everybody.

    \f
    Raises ``ClickException`` unless it is certain.
    """
    with database():
        client = get_client(client_id)
        if client.name != text.clean_name(name):
            raise click.ClickException(f"The app {client_id} has another name; nothing was deleted.")
        origin = client.origin
        delete_client(db.session(), client, actor_user_id=None)
        db.session.commit()
    if origin == DOCUMENT:
        click.echo("It is known anew when somebody brings its document again. “suspend” keeps it out.", err=True)
    print_made({"client_id": client_id, "name": name, "status": "deleted"}, as_json)


def _resume(session: Session, client: Client, *, actor_user_id: str | None) -> None:
    document = session.get(ClientDocument, client.key) if client.origin == DOCUMENT else None
    if document is not None and document.withdrawn_at is not None and document.withdrawn_at == client.suspended_at:
        gone = document.withdrawn_at.isoformat(timespec="seconds")
        raise click.ClickException(f"Its document is gone since {gone}; the app works again when that is back.")
    resume_client(session, client, actor_user_id=actor_user_id)


def _set_status(client_id: str, act: Callable[..., None], as_json: bool) -> None:
    with database():
        client = get_client(client_id)
        act(db.session(), client, actor_user_id=None)
        db.session.commit()
        described = {"client_id": client_id, "status": client.status}
    print_made(described, as_json)
