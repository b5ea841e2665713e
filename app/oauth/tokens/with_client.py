"""A code or token that is found in the same look as the client that presents it: one round trip instead of two."""

from typing import Any

from sqlalchemy import Select, true

from app.clients.models.snapshot import SELECT_CLIENT, ClientSnapshot, client_values
from app.database.connections import Connection
from app.database.statements import Pair, Statement

_WIDTH = len(SELECT_CLIENT.selected_columns)


def find_with_client(tokens: Select[*tuple[Any, ...]], record: type[Any]) -> Statement:
    """Returns the statement that finds a client, and a token whatever client it is of. ``tokens`` finds the token alone."""
    token = tokens.subquery("presented")
    both = SELECT_CLIENT.add_columns(*token.c).outerjoin(token, true())
    return Statement(both, row=Pair(ClientSnapshot, record, _WIDTH))


class Presented:
    """A code or token that a client presents, until it is looked at for the first time."""

    __slots__ = ("_statement", "_values", "found", "is_found")

    def __init__(self, statement: Statement, **values: str) -> None:
        """``statement`` is of :func:`find_with_client`, and ``values`` are what its token is found by."""
        self._statement = statement
        self._values = values
        #: Whether it was looked up, and the token, if there is one.
        self.is_found, self.found = False, None

    def find_client(self, connection: Connection, client_id: str, client_secret: str) -> ClientSnapshot | None:
        """Returns what :func:`app.clients.models.find_client` does, and finds the token on the way."""
        values = client_values(client_id, client_secret)
        client, self.found = connection.first(self._statement, **values, **self._values) or (None, None)
        self.is_found = client is not None
        return client
