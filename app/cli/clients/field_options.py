"""The options for a client's fields, one for each field that an operator may set."""

from collections.abc import Callable
from typing import Any

import click

from app.clients.fields import BY_NAME, FIELDS, OPERATOR
from app.clients.kinds import SERVERS_OWN, Flag, Kind, Lines, Named, Scopes

#: field -> what ``--help`` says of it. The name and the type have an option of their own with each command.
_HELP = {
    "redirect_uris": "May be given several times.",
    "request_origins": "May be given several times.",
    "scopes": "May be given several times, or hold several.",
    "optional_scopes": "Of the scopes, one to leave out.",
    "description": "What the app does.",
    "homepage_url": "The landing page, where people can read about the app.",
    "privacy_url": "Where its privacy policy is.",
    "terms_url": "Where its terms of use are.",
    "native_app": "Let a loopback redirect URI's port vary.",
    "require_pkce": "Refuse requests without a challenge.",
    "access_token_lifetime": f"In seconds, or “{SERVERS_OWN}”.",
    "refresh_token_lifetime": f"In seconds, or “{SERVERS_OWN}”.",
}
_OWN = ("name", "type")
#: Other words for a field.
_ALSO = {"homepage_url": ("--landing-page-url",)}


def field_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options for a client's fields that registering and updating share, and one for the logo."""
    options = [_option_for(one.name, one.kind) for one in FIELDS if OPERATOR in one.said_by and one.name not in _OWN]
    options.append(click.option("--logo", help='A PNG, JPEG or WebP file. An update with "" removes it.'))
    for option in reversed(options):
        command = option(command)
    return command


def given_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of the options that were given, as ``register_client`` takes them.

    Raises ``ClickException`` for a value that is none.
    """
    try:
        return {
            name: BY_NAME[name].kind.from_words(value)
            for name, value in options.items()
            if value is not None and value != ()
        }
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _option_for(name: str, kind: Kind) -> Callable[..., Any]:
    words = "--" + name.replace("_", "-")
    if isinstance(kind, Lines | Scopes):
        return click.option(words.removesuffix("s"), name, multiple=True, help=_HELP[name])
    if isinstance(kind, Flag | Named):
        return click.option(f"{words}/--no-{words[2:]}", default=None, help=_HELP[name])
    return click.option(words, *_ALSO.get(name, ()), name, help=_HELP[name])
