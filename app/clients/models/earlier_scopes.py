"""Scopes that the version before has written down: it knew no ``profile``, and let every app have what that names.

Such a row is marked by what the version before does not write. Its scope is read with ``profile`` beside it, so nobody
loses anything, and the version before goes on with its own words.
"""

from typing import Any

from sqlalchemy import ColumnElement, case, literal_column, type_coerce
from sqlalchemy.types import String

from app.scopes import PROFILE


def select_with_profile(scope: Any, is_earlier: ColumnElement[bool]) -> ColumnElement[str]:
    """Returns the SQL of a scope, with ``profile`` where the row is an earlier one's."""
    # Written out: as a parameter, the same expression in SELECT and in GROUP BY would be two for PostgreSQL.
    added = scope.concat(type_coerce(literal_column(f"' {PROFILE}'"), String))
    return case((is_earlier, added), else_=scope)
