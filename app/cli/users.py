"""``flask users``: ``create``, ``list``, ``disable``, ``enable``, ``reset-link``, ``reset-factors``, ``operator``, ``delete``."""

import json
import sys
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from app import text
from app.accounts.disabling import disable_account, enable_account
from app.accounts.factors.removal import reset_factors
from app.accounts.models import ROLES, User
from app.accounts.organizations import add_member
from app.accounts.people import STATES, Account, find_accounts, find_state
from app.accounts.resetting.links import make_reset_link
from app.accounts.users import EmailTaken, find_user_by_email, register_user
from app.audit.events import record
from app.cli.clients.described import instant
from app.cli.commands import database, get_organization, wait
from app.cli.printing import describe_made, json_option, limit_option, print_made, print_once, say, say_more
from app.config import settings
from app.extensions import db
from app.issuer import address_at
from app.leaving.asking import LastOwnerElsewhere, close_for_good
from app.purge.accounts import delete_account_for_good
from app.purge.batches import Pace

_MOST_PASSWORD_BYTES = 10_000

users = AppGroup("users", help="Look after people's accounts.")


def init_app(app: Flask) -> None:
    """Add the group with the commands of this file to ``flask``."""
    app.cli.add_command(users)


@users.command("create")
@click.option("--email", required=True)
@click.option("--name", help="As others read it; otherwise what precedes the @.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--org", "slug", help="The slug of an organization to add the person to.")
@click.option("--role", type=click.Choice(ROLES), help="What the person is there; member unless given.")
@click.option("--verified", is_flag=True, help="The address is known to be theirs: nobody has to confirm it.")
@json_option
def create_user_command(
    email: str,
    name: str | None,
    password_stdin: bool,
    slug: str | None,
    role: str | None,
    verified: bool,
    as_json: bool,
) -> None:
    """Make an account for a person.

    \f
    Raises a sentence for what cannot be.
    """
    if role and not slug:
        raise click.ClickException("A role needs an organization: add --org SLUG.")
    if not password_stdin:
        # On the command line, other people on the machine could read it.
        raise click.ClickException("Give the password on standard input, and say so with --password-stdin.")
    password = _read_password()
    with database():
        organization = get_organization(slug) if slug else None
        try:
            user = register_user(
                email=email, name=name or email.partition("@")[0], password=password, is_verified=verified
            )
        except EmailTaken:
            taken = (
                "There is already an account with this e-mail address; flask users list --query shows how it stands."
            )
            raise click.ClickException(taken) from None
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        if organization:
            add_member(organization, user, role or "member")
            record("member.added", organization_id=organization.id, user_id=user.id, role=role or "member")
        db.session.commit()
        made = {"id": user.id, "email": user.email, "name": user.name, "email_verified": verified}
    print_made(made | ({"organization": slug, "role": role or "member"} if slug else {}), as_json)


@users.command("list")
@click.option("--query", default="", help="Part of a name or an address, or an id.")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand like this.")
@click.option("--operators", is_flag=True, help="Only those who may use the operator's pages.")
@limit_option
@json_option
def list_command(query: str, state: str | None, operators: bool, limit: int, as_json: bool) -> None:
    """List people by their address, with how their account stands."""
    with database(only_reads=True):
        found, total = find_accounts(db.session(), query=query, state=state or "", operators=operators, most=limit)
    if as_json:
        say(json.dumps({"users": [_describe(one) for one in found], "total": total}))
        return
    for one in found:
        mark = "operator" if one.is_operator else ""
        say(f"{one.email:<34} {one.state:<9} {mark:<9} {one.name}".rstrip())
    say_more(total - len(found))


@users.command("disable")
@click.argument("email")
@json_option
def disable_command(email: str, as_json: bool) -> None:
    """Switch an account off: sessions, tokens and apps stop at once, and nothing is lost."""
    with database():
        user = get_user(email)
        disable_account(db.session(), user.id, actor_user_id=None)
        db.session.commit()
        described = _describe_state(user)
    print_made(described, as_json)


@users.command("enable")
@click.argument("email")
@json_option
def enable_command(email: str, as_json: bool) -> None:
    """Switch an account on again: sessions, tokens and apps go on where they were stopped."""
    with database():
        user = get_user(email)
        enable_account(db.session(), user.id, actor_user_id=None)
        db.session.commit()
        described = _describe_state(user)
    print_made(described, as_json)


@users.command("reset-link")
@click.argument("email")
@json_option
def reset_link_command(email: str, as_json: bool) -> None:
    """Make a link by which a person sets a new password, to hand over: it works once, for 30 minutes."""
    with database():
        user = get_user(email)
        path = make_reset_link(db.session(), user, by_mail=False)
        record("user.reset_link_made", user_id=user.id)
        made = {"id": user.id, "email": user.email, "link": address_at(settings().issuer, path)}
        print_once(describe_made(made, as_json))
        db.session.commit()


@users.command("operator")
@click.argument("email")
@click.option("--no", "takes_away", is_flag=True, help="Let the person use them no more.")
@json_option
def operator_command(email: str, takes_away: bool, as_json: bool) -> None:
    """Let a person use the operator's pages."""
    with database():
        user = get_user(email)
        if user.is_operator == takes_away:
            user.is_operator = not takes_away
            record("user.operator", user_id=user.id, operator=user.is_operator)
        db.session.commit()
        described = {"id": user.id, "email": user.email, "operator": user.is_operator}
    print_made(described, as_json)


@users.command("delete")
@click.argument("email")
@click.option("--name", required=True, help="The person's name, so that nobody is deleted by a slip.")
@json_option
def delete_command(email: str, name: str, as_json: bool) -> None:
    """Delete an account with everything that is its person's, at once and for good.

    \f
    Raises ``ClickException`` unless it is certain, and for the last owner of an organization.
    """
    with database():
        user = get_user(email)
        if user.name != text.clean_line(name):
            raise click.ClickException(f"The person with the address {email} has another name; nothing was deleted.")
        user_id = user.id
        try:
            close_for_good(db.session(), user_id)
        except LastOwnerElsewhere as error:
            raise click.ClickException(str(error)) from None
        db.session.commit()
        if not delete_account_for_good(db.engine, user_id, Pace(wait)):
            raise click.ClickException("The account is closed, and what is left of it goes with the next purge.")
    print_made({"id": user_id, "email": email, "state": "deleted"}, as_json)


@users.command("reset-factors")
@click.argument("email")
@json_option
def reset_factors_command(email: str, as_json: bool) -> None:
    """Take away passkeys, one-time codes and recovery codes that a person has lost: the password alone is asked then."""
    with database():
        user = get_user(email)
        removed = reset_factors(db.session(), user.id)
        db.session.commit()
        described = {"id": user.id, "email": user.email} | removed
    print_made(described, as_json)


def _read_password() -> str:
    """Standard input up to its end, without the line break that ``echo`` adds and the mark that editors put first."""
    try:
        text = sys.stdin.buffer.read(_MOST_PASSWORD_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException("The password on standard input is not UTF-8 text.") from None
    password = text.removesuffix("\n").removesuffix("\r")
    if "\n" in password or "\r" in password:
        # Nobody could type it.
        raise click.ClickException("The password on standard input has several lines; give one.")
    return password


def get_user(email: str) -> User:
    """Returns the person with this address. Raises ``ClickException`` when nobody has it."""
    user = find_user_by_email(email)
    if user is None:
        raise click.ClickException(f"Nobody has an account with the address {email!r}.")
    return user


def _describe_state(user: User) -> dict[str, Any]:
    return {"id": user.id, "email": user.email, "state": find_state(user)}


def _describe(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "state": account.state,
        "operator": account.is_operator,
        "organizations": list(account.organizations),
        "created_at": instant(account.created_at),
        "seen_at": instant(account.seen_at),
        "disabled_at": instant(account.disabled_at),
        "deletes_at": instant(account.deletes_at),
    }
