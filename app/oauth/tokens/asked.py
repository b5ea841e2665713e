"""What a code or a refresh token was asked for: names of resources with a space between, the one used last first.

The column ``audience`` is as wide as the version before made it. What has no room there stands in ``resources``, and
``audience`` has the first name alone, which is all that that version would use.
"""

from typing import Any

from sqlalchemy import ColumnElement, func

#: How many characters the column has.
MOST_IN_AUDIENCE = 40


def as_columns(asked: str) -> dict[str, str | None]:
    """Returns what both columns hold."""
    if len(asked) <= MOST_IN_AUDIENCE:
        return {"audience": asked, "resources": None}
    return {"audience": asked.partition(" ")[0], "resources": asked}


def select_asked(token: Any) -> ColumnElement[str]:
    """Returns all the names, as the column ``audience``."""
    return func.coalesce(token.resources, token.audience).label("audience")
