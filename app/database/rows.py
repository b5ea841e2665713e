"""How many rows a statement of the ORM's session has changed."""

from typing import Any, cast

from sqlalchemy import CursorResult, Result


def changed_rows(result: Result[Any]) -> int:
    """Returns the row count of an executed INSERT, UPDATE or DELETE."""
    return cast(CursorResult[Any], result).rowcount
