"""``flask clients rotate-secret`` and ``retire-secret``."""

import click

from app.cli.clients.group import clients, get_registered, or_refused
from app.cli.commands import database
from app.cli.printing import describe_made, json_option, print_made, print_once
from app.clients.secrets import add_another_secret, find_client_secret, retire_client_secret, rotate_client_secret
from app.extensions import db


@clients.command("rotate-secret")
@click.argument("client_id")
@click.option("--keep-others", is_flag=True, help="Let the present secrets go on working, to be retired later.")
@click.option("--label", default="", help="To tell the secret from others; with --keep-others.")
@json_option
def rotate_secret_command(client_id: str, keep_others: bool, label: str, as_json: bool) -> None:
    """Make a new secret and print it, this once. The present ones stop working at once unless kept."""
    with database():
        client = get_registered(client_id)
        make = add_another_secret if keep_others else rotate_client_secret
        made, secret = or_refused(
            lambda: make(db.session(), client, actor_user_id=None, **({"label": label} if keep_others else {}))
        )
        described = {"client_id": client_id, "secret_id": made.id, "client_secret": secret}
        print_once(describe_made(described, as_json))
        db.session.commit()


@clients.command("retire-secret")
@click.argument("client_id")
@click.argument("secret_id")
@json_option
def retire_secret_command(client_id: str, secret_id: str, as_json: bool) -> None:
    """End one secret, by the id that “show” prints, now.

    \f
    Raises ``ClickException`` for a secret that is none.
    """
    with database():
        client = get_registered(client_id)
        secret = find_client_secret(db.session(), client, secret_id, to_change=True)
        if secret is None:
            raise click.ClickException(f"The app has no secret {secret_id!r} that works.")
        retire_client_secret(db.session(), client, secret, actor_user_id=None)
        db.session.commit()
    print_made({"client_id": client_id, "secret_id": secret_id, "status": "retired"}, as_json)
