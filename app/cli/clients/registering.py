"""``flask clients register`` and ``update``."""

from typing import Any

import click

from app.cli.clients.described import describe_client, flat
from app.cli.clients.field_options import field_options, given_fields
from app.cli.clients.group import clients, get_registered, or_refused
from app.cli.commands import database, get_organization
from app.cli.printing import describe_made, json_option, print_made, print_once
from app.clients.logos import MOST_BYTES, draw_logo, remove_logo, set_logo
from app.clients.models import CONFIDENTIAL, PUBLIC
from app.clients.registration import register_client, update_client
from app.config import settings
from app.extensions import db


@clients.command("register")
@click.option("--org", "slug", required=True, help="The organization's slug.")
@click.option("--name", required=True, help="What people read when they decide.")
@click.option("--type", "type_", required=True, type=click.Choice([CONFIDENTIAL, PUBLIC]))
@click.option("--draft", is_flag=True, help="It may be incomplete, and works when it is activated.")
@field_options
@json_option
def register_command(
    slug: str, name: str, type_: str, draft: bool, logo: str | None, as_json: bool, **options: Any
) -> None:
    """Register an app, and print its client id and, this once, its secret."""
    png = _read_logo(logo) if logo else None
    with database():
        fields = {"redirect_uris": (), "scopes": ()} | given_fields(options)
        client, secret = or_refused(
            lambda: register_client(
                db.session(),
                settings(),
                organization=get_organization(slug),
                name=name,
                type=type_,
                draft=draft,
                **fields,
            )
        )
        if png is not None:
            set_logo(db.session(), client, png, actor_user_id=None)
        db.session.flush()
        made = {
            "client_id": client.client_id,
            "client_secret": secret,
            "name": client.name,
            "type": client.type,
            "redirect_uris": client.redirect_uris,
            "resources": client.resources,
            "scope": client.scope,
            "organization": slug,
        }
        print_once(describe_made(made, as_json))
        db.session.commit()


@clients.command("update")
@click.argument("client_id")
@click.option("--name", help="What people read when they decide.")
@field_options
@json_option
def update_command(client_id: str, logo: str | None, as_json: bool, **options: Any) -> None:
    """Change an app. What is not given stays; a list that is given replaces the whole list, "" empties it."""
    png = _read_logo(logo) if logo else None
    with database():
        client = get_registered(client_id)
        or_refused(lambda: update_client(db.session(), settings(), client, actor_user_id=None, **given_fields(options)))
        if png is not None:
            set_logo(db.session(), client, png, actor_user_id=None)
        elif logo == "":
            remove_logo(db.session(), client, actor_user_id=None)
        db.session.commit()
        described = describe_client(client)
    print_made(described if as_json else flat(described), as_json)


def _read_logo(path: str) -> bytes:
    """The file as it will be kept."""
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"The logo {path!r} cannot be read: {error.strerror}.") from None
    return or_refused(lambda: draw_logo(content))
