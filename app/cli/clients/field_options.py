"""The options for a client's fields, one for each field that an operator may set."""

from collections.abc import Callable
from typing import Any

import click

from app.clients.field import OPERATOR, Field
from app.clients.fields import BY_NAME, FIELDS
from app.clients.kinds import Flag, Lines, Named, OneOfList, Scopes

#: These have an option of their own with each command.
_OWN = ("name", "type")
#: Other words for a field.
_ALSO = {"homepage_url": ("--landing-page-url",)}


def field_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options for a client's fields that registering and updating share, and one for the logo."""
    options = [_option_for(one) for one in FIELDS if OPERATOR in one.said_by and one.name not in _OWN]
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


def _option_for(one: Field) -> Callable[..., Any]:
    words = "--" + one.name.replace("_", "-")
    if isinstance(one.kind, Lines | Scopes):
        return click.option(words.removesuffix("s"), one.name, multiple=True, help=one.option)
    if isinstance(one.kind, Flag | Named | OneOfList):
        return click.option(f"{words}/--no-{words[2:]}", default=None, help=one.option)
    return click.option(words, *_ALSO.get(one.name, ()), one.name, help=one.option)
