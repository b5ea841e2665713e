"""Rows of other tables that belong to a client: none is added for one that has ended."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Insert, bindparam, insert, select
from sqlalchemy.orm import DeclarativeBase

from app.clients.models import Client


def insert_for_client(model: type[DeclarativeBase], names: Iterable[str], *more: ColumnElement[bool]) -> Insert:
    """Returns an INSERT of one row with these attributes, each a bound value of that name, ``client_key`` among them.

    It inserts nothing when the client has ended, or ``more`` does not hold, so that whoever runs it looks at the row count.
    """
    columns = {name: model.__mapper__.columns[name] for name in names}
    values = [bindparam(name, type_=column.type) for name, column in columns.items()]
    known = Client.key == bindparam("client_key", type_=columns["client_key"].type), Client.ended_at.is_(None)
    return insert(model).from_select(
        [column.name for column in columns.values()], select(*values).select_from(Client).where(*known, *more)
    )
