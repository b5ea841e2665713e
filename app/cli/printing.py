"""What the commands print: words for people or one JSON object, and a sentence where nothing can be printed."""

import json
import os
import sys
from errno import EBADF
from io import StringIO
from typing import Any

import click

from app.extensions import db

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="So many at most."
)


def print_once(text: str) -> None:
    """Print what nobody is shown again, before it counts: whoever cannot read it has lost nothing by it.

    Raises ``ClickException`` where it cannot be written.
    """
    db.session.flush()
    try:
        if sys.stdout is None:
            raise OSError(EBADF, os.strerror(EBADF))
        click.echo(text)
    except OSError as error:
        raise _cannot_print(error, "; nothing was changed") from None


def say(text: str) -> None:
    """Print. Raises ``ClickException`` where that cannot be, as on a disk that is full."""
    try:
        click.echo(text)
    except BrokenPipeError:
        # Whoever has read enough, as head does.
        raise
    except OSError as error:
        raise _cannot_print(error, "") from None


def say_more(count: int, ways: str = "say which by --query and the like, or how many by --limit") -> None:
    """Print, beside a list, that there are so many more, and how to see them; nothing where there are none."""
    if count > 0:
        click.echo(f"{count} more; {ways}.", err=True)


def _cannot_print(error: OSError, rest: str) -> click.ClickException:
    # Else Python tries once more at its end, and says so in its own words.
    sys.stdout = StringIO()
    return click.ClickException(f"What was to be told cannot be printed ({error.strerror}){rest}.")


def print_made(made: dict[str, Any], as_json: bool) -> None:
    say(describe_made(made, as_json))


def describe_made(made: dict[str, Any], as_json: bool) -> str:
    """Returns what a command says of what it made: one JSON object, or a line for each value."""
    made = {name: value for name, value in made.items() if value is not None}
    if as_json:
        return json.dumps(made)
    lines = [
        f"{name + ':':<15} {line}"
        for name, value in made.items()
        for line in (value if isinstance(value, list) else [value])
    ]
    return "\n".join([*lines, "The secret is not shown again."] if "client_secret" in made else lines)
