"""``flask clients list`` and ``show``."""

import json
from typing import Any

import click
from sqlalchemy import ColumnElement, Row, and_, case, exists, func, select

from app.accounts.models import Organization
from app.cli.clients.described import describe_client, describe_use, flat, instant
from app.cli.clients.group import clients, get_client
from app.cli.commands import database, get_organization
from app.cli.printing import json_option, limit_option, print_made, say, say_more
from app.clients.models import ORIGINS, Client
from app.consents.models import Consent
from app.extensions import db
from app.org.listing import STATUSES, has_status, has_words, read_row, select_rows


@clients.command("list")
@click.option("--org", "slug", help="Of this organization alone.")
@click.option("--origin", type=click.Choice(ORIGINS), help="Only those that came to be known in this way.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those that stand like this.")
@click.option("--unused", is_flag=True, help="Only those that nobody has ever allowed anything.")
@click.option("--query", default="", help="Part of a name, or a client id.")
@limit_option
@json_option
def list_command(
    slug: str | None, origin: str | None, status: str | None, unused: bool, query: str, limit: int, as_json: bool
) -> None:
    """List apps, by organization and name; those that nobody registered come last, the newest first."""
    with database(only_reads=True):
        wanted = _wanted(slug, origin, status, unused)
        wanted = and_(wanted, has_words(wanted, query))
        total = db.session.scalar(select(func.count()).select_from(Client).where(wanted)) or 0
        found = [_describe_row(row) for row in _read_rows(wanted, limit)]
    if as_json:
        say(json.dumps({"clients": found, "total": total}))
        return
    for one in found:
        say(
            "{client_id:<34} {status:<9} {type:<12} {people:>6}  {owner}: {name}".format(
                **one, owner=one["organization"] or f"({one['origin']})"
            )
        )
    say_more(total - len(found))


@clients.command("show")
@click.argument("client_id")
@json_option
def show_command(client_id: str, as_json: bool) -> None:
    """Print everything about an app but its secrets, and how much it is used."""
    with database(only_reads=True):
        client = get_client(client_id)
        described = describe_client(client) | describe_use(client)
    print_made(described if as_json else flat(described), as_json)


def _wanted(slug: str | None, origin: str | None, status: str | None, unused: bool) -> ColumnElement[bool]:
    conditions = [Client.ended_at.is_(None), has_status(status or "")]
    if slug:
        conditions.append(Client.organization_id == get_organization(slug).id)
    if origin:
        conditions.append(Client.origin == origin)
    if unused:
        conditions.append(~exists().where(Consent.client_key == Client.key))
    return and_(*conditions)


def _read_rows(wanted: ColumnElement[bool], limit: int) -> list[Row[Any]]:
    """One look at the database, however many there are; what is counted of each, only of those that are shown."""
    nobodys = Client.organization_id.is_(None)
    order = (
        nobodys,
        Organization.slug,
        case((nobodys, ""), else_=func.lower(Client.name)),
        case((nobodys, Client.created_at)).desc(),
        Client.client_id,
    )
    query = select_rows().add_columns(Organization.slug).outerjoin(Client.organization)
    return list(db.session.execute(query.where(wanted).order_by(None).order_by(*order).limit(limit)))


def _describe_row(found: Row[Any]) -> dict[str, Any]:
    row = read_row(found)
    return {
        "client_id": row.client_id,
        "name": row.name,
        "type": row.type,
        "status": row.status,
        "origin": row.origin,
        "organization": found.slug,
        "people": row.people,
        "resources": list(row.resources),
        "created_at": instant(row.created_at),
        "last_used_at": instant(row.last_used_at),
    }
