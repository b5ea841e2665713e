"""What changes where DATABASE_URL leads to a pooler, such as pgbouncer in transaction mode, which is noticed and not configured.

There each transaction may run on another of the server's sessions, which others use too. So nothing may rely on one: a
statement that was prepared in it by name may be missing, or be another's. Our names are like nobody else's, so that it
can only be missing; and what is set for a transaction is set in it.
"""

import logging
import secrets
from typing import Any, cast

from psycopg._preparing import Prepare, PrepareManager
from psycopg.abc import PQGen

_log = logging.getLogger(__name__)


class Pooling:
    """What one process knows of what stands before its database."""

    def __init__(self) -> None:
        #: Whether a pooler stands there.
        self.is_noticed = False
        #: Whether statements may be prepared.
        self.may_prepare = True

    def notice(self, *, keep_preparing: bool) -> None:
        """A session is not ours alone. ``keep_preparing`` where the operator says that statements can be prepared all the same."""
        if not self.is_noticed:
            self.is_noticed = True
            self.may_prepare = self.may_prepare and keep_preparing
            _log.info(
                "DATABASE_URL leads to a connection pooler: statements are %s",
                "prepared as prepare_threshold says" if self.may_prepare else "not prepared",
            )

    def stop_preparing(self) -> None:
        """A statement that was prepared is not there, or is another's."""
        self.is_noticed = True
        if self.may_prepare:
            self.may_prepare = False
            _log.warning(
                "DATABASE_URL leads to a connection pooler that loses prepared statements: they are off from now on"
            )


class OwnNames(PrepareManager):
    """psycopg's, with names that no other connection in the world gives: what is found under one is what we prepared."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self._pooling = pooling
        #: What every name begins with.
        self.prefix = f"rlq_{secrets.token_hex(8)}_".encode()

    def get(self, query: Any, prepare: bool | None = None) -> tuple[Prepare, bytes]:
        """Returns whether to prepare a statement, and its name."""
        if not self._pooling.may_prepare:
            return Prepare.NO, b""
        found = PrepareManager.get(self, query, prepare)
        return (found[0], self.prefix + found[1]) if found[0] is Prepare.SHOULD else found

    def clear(self) -> bool:
        """Forget all of them, and have the server forget these alone: others that it has are not known here.

        Returns whether there was any.
        """
        unneeded = [*self._to_flush, *self._names.values()]
        was_any = PrepareManager.clear(self)
        self._to_flush.clear()
        self._to_flush.extend(unneeded)
        return was_any

    def maintain_gen(self, conn: Any) -> PQGen[None]:
        """Forget at the server what is needed no more; nothing where another may have the session by now."""
        if not self._to_flush:
            # As after nearly every statement: nothing to run through, and nothing made for it.
            return cast(PQGen[None], ())
        if self._pooling.is_noticed:
            self._to_flush.clear()
        return super().maintain_gen(conn)
