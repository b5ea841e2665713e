"""``flask clients``: what the dashboard does to apps, on the command line."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from app import text
from app.accounts.models import Organization
from app.cli.commands import database, get_organization, json_option, print_made
from app.clients.fields import ClientError
from app.clients.life import activate_client, delete_client, resume_client, suspend_client
from app.clients.logos import MOST_BYTES, draw_logo, remove_logo, set_logo
from app.clients.models import CONFIDENTIAL, ORIGINS, PUBLIC, Client, find_record
from app.clients.registration import register_client, rotate_client_secret, update_client
from app.clients.secrets import add_another_secret, find_client_secret, list_live_secrets, retire_client_secret
from app.extensions import db
from app.org.listing import ClientRow, read_listing
from app.scopes import parse_scope

_SERVERS_OWN = "default"

clients = AppGroup("clients", help="Look after organizations' apps.")


def init_app(app: Flask) -> None:
    """Add the commands of this file to ``flask``."""
    app.cli.add_command(clients)


def _field_options(command: Callable) -> Callable:
    """The options for a client's fields that registering and updating share."""
    for option in reversed(
        (
            click.option("--redirect-uri", "redirect_uris", multiple=True, help="May be given several times."),
            click.option("--request-origin", "request_origins", multiple=True, help="May be given several times."),
            click.option("--scope", "scopes", multiple=True, help="May be given several times, or hold several."),
            click.option("--optional-scope", "optional_scopes", multiple=True, help="Of the scopes, one to leave out."),
            click.option("--description", help="What the app does."),
            click.option("--logo", help='A PNG, JPEG or WebP file. An update with "" removes it.'),
            click.option(
                "--homepage-url",
                "--landing-page-url",
                "homepage_url",
                help="The landing page, where people can read about the app.",
            ),
            click.option("--privacy-url", help="Where its privacy policy is."),
            click.option("--terms-url", help="Where its terms of use are."),
            click.option("--native-app/--no-native-app", default=None, help="Let a loopback redirect URI's port vary."),
            click.option("--require-pkce/--no-require-pkce", default=None, help="Refuse requests without a challenge."),
            click.option("--access-token-lifetime", help=f"In seconds, or “{_SERVERS_OWN}”."),
            click.option("--refresh-token-lifetime", help=f"In seconds, or “{_SERVERS_OWN}”."),
        )
    ):
        command = option(command)
    return command


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
        described = _describe(get_client(client_id))
    print_made(described if as_json else _flat(described), as_json)


@clients.command("register")
@click.option("--org", "slug", required=True, help="The organization's slug.")
@click.option("--name", required=True, help="What people read when they decide.")
@click.option("--type", "type_", required=True, type=click.Choice([CONFIDENTIAL, PUBLIC]))
@click.option("--draft", is_flag=True, help="It may be incomplete, and works when it is activated.")
@_field_options
@json_option
def register_command(
    slug: str, name: str, type_: str, draft: bool, logo: str | None, as_json: bool, **options: Any
) -> None:
    """Register an app, and print its client id and, this once, its secret."""
    png = _read_logo(logo) if logo else None
    with database():
        fields = {"redirect_uris": (), "scopes": ()} | _given(options)
        client, secret = _or_refused(
            lambda: register_client(organization=get_organization(slug), name=name, type=type_, draft=draft, **fields)
        )
        if png is not None:
            set_logo(client, png, actor_user_id=None)
        db.session.commit()
        made = {
            "client_id": client.client_id,
            "client_secret": secret,
            "name": client.name,
            "type": client.type,
            "redirect_uris": client.redirect_uris,
            "scope": client.scope,
            "organization": slug,
        }
    print_made(made, as_json)


@clients.command("update")
@click.argument("client_id")
@click.option("--name", help="What people read when they decide.")
@_field_options
@json_option
def update_command(client_id: str, logo: str | None, as_json: bool, **options: Any) -> None:
    """Change an app. What is not given stays; a list that is given replaces the whole list, "" empties it."""
    png = _read_logo(logo) if logo else None
    with database():
        client = get_client(client_id)
        _or_refused(lambda: update_client(client, actor_user_id=None, **_given(options)))
        if png is not None:
            set_logo(client, png, actor_user_id=None)
        elif logo == "":
            remove_logo(client, actor_user_id=None)
        db.session.commit()
        described = _describe(client)
    print_made(described if as_json else _flat(described), as_json)


@clients.command("rotate-secret")
@click.argument("client_id")
@click.option("--keep-others", is_flag=True, help="Let the present secrets go on working, to be retired later.")
@click.option("--label", default="", help="To tell the secret from others; with --keep-others.")
@json_option
def rotate_secret_command(client_id: str, keep_others: bool, label: str, as_json: bool) -> None:
    """Make a new secret and print it, this once. The present ones stop working at once unless kept."""
    with database():
        client = get_client(client_id)
        make = add_another_secret if keep_others else rotate_client_secret
        made, secret = _or_refused(
            lambda: make(client, actor_user_id=None, **({"label": label} if keep_others else {}))
        )
        db.session.commit()
        described = {"client_id": client_id, "secret_id": made.id, "client_secret": secret}
    print_made(described, as_json)


@clients.command("retire-secret")
@click.argument("client_id")
@click.argument("secret_id")
@json_option
def retire_secret_command(client_id: str, secret_id: str, as_json: bool) -> None:
    """End one secret, by the id that “show” prints, now."""
    with database():
        client = get_client(client_id)
        secret = find_client_secret(client, secret_id)
        if secret is None:
            raise click.ClickException(f"The app has no secret {secret_id!r} that works.")
        retire_client_secret(client, secret, actor_user_id=None)
        db.session.commit()
    print_made({"client_id": client_id, "secret_id": secret_id, "status": "retired"}, as_json)


@clients.command("activate")
@click.argument("client_id")
@json_option
def activate_command(client_id: str, as_json: bool) -> None:
    """Let a draft work, and print, this once, its secret."""
    with database():
        client = get_client(client_id)
        secret = _or_refused(lambda: activate_client(client, actor_user_id=None))
        db.session.commit()
        described = {"client_id": client_id, "status": client.status, "client_secret": secret}
    print_made(described, as_json)


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
    _set_status(client_id, resume_client, as_json)


@clients.command("delete")
@click.argument("client_id")
@click.option("--name", required=True, help="The app's name, so that nothing is deleted by a slip.")
@json_option
def delete_command(client_id: str, name: str, as_json: bool) -> None:
    """Delete an app with its secrets and tokens, and disconnect everybody from it."""
    with database():
        client = get_client(client_id)
        if client.name != text.clean_name(name):
            raise click.ClickException(f"The app {client_id} has another name; nothing was deleted.")
        delete_client(db.session(), client, actor_user_id=None)
        db.session.commit()
    print_made({"client_id": client_id, "name": name, "status": "deleted"}, as_json)


def _set_status(client_id: str, act: Callable, as_json: bool) -> None:
    with database():
        client = get_client(client_id)
        act(client, actor_user_id=None)
        db.session.commit()
        described = {"client_id": client_id, "status": client.status}
    print_made(described, as_json)


def get_client(client_id: str) -> Client:
    client = find_record(db.session, client_id)
    if client is None:
        raise click.ClickException(f"There is no app with the client id {client_id!r}.")
    return client


def _or_refused(act: Callable) -> Any:
    try:
        return act()
    except ClientError as error:
        raise click.ClickException(" ".join(sentence for _, sentence in error.problems)) from None


def _read_logo(path: str) -> bytes:
    """The file as it will be kept."""
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"The logo {path!r} cannot be read: {error.strerror}.") from None
    return _or_refused(lambda: draw_logo(content))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of the options that were given, as :func:`register_client` takes them."""
    fields = {name: value for name, value in options.items() if value is not None and value != ()}
    for name in ("scopes", "optional_scopes"):
        if name in fields:
            fields[name] = parse_scope(" ".join(fields[name]))
    if fields.get("request_origins") == ("",):
        fields["request_origins"] = ()
    for name in ("access_token_lifetime", "refresh_token_lifetime"):
        if name in fields:
            fields[name] = _seconds(fields[name])
    return fields


def _seconds(text: str) -> int | None:
    if text == _SERVERS_OWN:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise click.ClickException(f"A lifetime is a whole number of seconds, or “{_SERVERS_OWN}”.")
    return int(text)


def _every_organization() -> list[Organization]:
    return list(db.session.scalars(select(Organization).order_by(Organization.slug)))


def _every_row(organization: Organization | None, query: str) -> Iterator[ClientRow]:
    number, pages = 1, 1
    while number <= pages:
        listing = read_listing(organization and organization.id, query=query, page=number)
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
        "created_at": _instant(row.created_at),
        "last_used_at": _instant(row.last_used_at),
    }


def _describe(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "type": client.type,
        "status": client.status,
        "origin": client.origin,
        "organization": client.organization and client.organization.slug,
        "description": client.description,
        "logo": client.logo.digest if client.logo else None,
        "homepage_url": client.homepage_url,
        "privacy_url": client.privacy_url,
        "terms_url": client.terms_url,
        "redirect_uris": client.redirect_uris,
        "request_origins": client.request_origins,
        "scope": client.scope,
        "optional_scope": client.optional_scope,
        "native_app": client.native_app,
        "require_pkce": client.require_pkce,
        "access_token_lifetime": client.access_token_lifetime,
        "refresh_token_lifetime": client.refresh_token_lifetime,
        "created_at": _instant(client.created_at),
        "version": client.version,
        "secrets": [
            {
                "id": secret.id,
                "label": secret.label,
                "hint": secret.hint,
                "created_at": _instant(secret.created_at),
                "expires_at": _instant(secret.expires_at),
                "last_used_at": _instant(secret.last_used_at),
            }
            for secret in list_live_secrets(client.client_id)
        ],
    }


def _flat(described: dict[str, Any]) -> dict[str, Any]:
    """The same, with each secret on one line and without what is empty."""
    secrets = [
        "{id} …{hint} {label}, last used {used}".format(**one, used=one["last_used_at"] or "never")
        for one in described["secrets"]
    ]
    return {name: value for name, value in (described | {"secrets": secrets}).items() if value not in ("", [], None)}


def _instant(at) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
