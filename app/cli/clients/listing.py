"""``flask clients list`` and ``show``."""

import json
from collections.abc import Iterator
from typing import Any

import click
from sqlalchemy import select

from app.accounts.models import Organization
from app.cli.clients.described import describe_client, flat, instant
from app.cli.clients.group import clients, get_client
from app.cli.commands import database, get_organization, json_option, print_made
from app.clients.models import ORIGINS
from app.extensions import db
from app.org.listing import ClientRow, read_listing


@clients.command("list")
@click.option("--org", "slug", help="Of this organization alone.")
@click.option("--origin", type=click.Choice(ORIGINS), help="Only those that came to be known in this way.")
@click.option("--query", default="", help="Part of a name, or a client id.")
@json_option
def list_command(slug: str | None, origin: str | None, query: str, as_json: bool) -> None:
    """List apps, by organization and name; those that nobody registered come last."""
    with database():
        organizations = [get_organization(slug)] if slug else [*_every_organization(), None]
        found = [
            _describe_row(row, organization)
            for organization in organizations
            for row in _every_row(organization, query)
            if origin in (None, row.origin)
        ]
    if as_json:
        click.echo(json.dumps({"clients": found}))
        return
    for one in found:
        click.echo(
            "{client_id:<34} {status:<9} {type:<12} {people:>6}  {owner}: {name}".format(
                **one, owner=one["organization"] or f"({one['origin']})"
            )
        )


@clients.command("show")
@click.argument("client_id")
@json_option
def show_command(client_id: str, as_json: bool) -> None:
    """Print everything about an app but its secrets."""
    with database():
        described = describe_client(get_client(client_id))
    print_made(described if as_json else flat(described), as_json)


def _every_organization() -> list[Organization]:
    return list(db.session.scalars(select(Organization).order_by(Organization.slug)))


def _every_row(organization: Organization | None, query: str) -> Iterator[ClientRow]:
    number, pages = 1, 1
    while number <= pages:
        listing = read_listing(None if organization is None else organization.id, query=query, page=number)
        yield from listing.rows
        number, pages = number + 1, listing.pages


def _describe_row(row: ClientRow, organization: Organization | None) -> dict[str, Any]:
    return {
        "client_id": row.client_id,
        "name": row.name,
        "type": row.type,
        "status": row.status,
        "origin": row.origin,
        "organization": organization and organization.slug,
        "people": row.people,
        "resources": list(row.resources),
        "created_at": instant(row.created_at),
        "last_used_at": instant(row.last_used_at),
    }
