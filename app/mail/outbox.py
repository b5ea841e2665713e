"""Putting a letter into the outbox: one row in the transaction of what it tells of."""

import json
import threading
from typing import Any

from sqlalchemy import bindparam, event, insert
from sqlalchemy.orm import Session, scoped_session

from app import clock
from app.credentials import new_id
from app.database.connections import Connection
from app.database.statements import Statement
from app.mail import mail_goes_out
from app.mail.kinds import get_kind
from app.mail.models import MOST_ADDRESS_LENGTH, OutgoingMail, State

#: Set when this process has put a letter and committed it.
something_waits = threading.Event()
_PUT = "has_put_mail"


def put_mail(session: Session | scoped_session[Any], kind: str, *, to: str, **facts: Any) -> None:
    """Put a letter into the outbox. It goes out when the caller has committed, and never when they have not.

    ``facts`` are what :func:`app.mail.kinds.mail_kind`'s function gets: JSON values, and never a secret. Where no mail
    goes out, nothing is put. Raises ``LookupError`` for an unknown kind, and ``ValueError`` for what is no address.
    """
    _check(kind, to, facts)
    if mail_goes_out():
        session.add(OutgoingMail(kind=kind, recipient=to, facts=facts, next_at=clock.now()))
        session.info[_PUT] = True


def put_mail_at_once(
    connection: Connection, kind: str, *, to: str, sends_mail: bool | None = None, **facts: Any
) -> None:
    """As :func:`put_mail`, in the transaction that is open on a driver connection.

    Where there is no Flask, ``sends_mail`` says whether mail goes out.
    """
    _check(kind, to, facts)
    if mail_goes_out() if sends_mail is None else sends_mail:
        at = clock.now()
        given = {"id": new_id("let"), "kind": kind, "recipient": to, "facts": facts, "state": State.WAITING}
        connection.run(_INSERT, **given, created_at=at, next_at=at, tries=0, edition=1, says="")
        connection.once_committed(something_waits.set)


_COLUMNS = ("id", "kind", "recipient", "facts", "state", "created_at", "next_at", "tries", "edition", "says")
_INSERT = Statement(insert(OutgoingMail).values({name: bindparam(name) for name in _COLUMNS}))


def _check(kind: str, to: str, facts: dict[str, Any]) -> None:
    get_kind(kind)
    if not _is_address(to):
        raise ValueError("That is no address that a letter could go to.")
    json.dumps(facts)


def _is_address(text: str) -> bool:
    # Nothing that could be more than an address, in a command or in a header.
    is_plain = text.isprintable() and not set(text) & set(" <>")
    return is_plain and 3 <= len(text) <= MOST_ADDRESS_LENGTH and "@" in text


@event.listens_for(Session, "after_commit")
def _wake_sender(session: Session) -> None:
    if session.info.pop(_PUT, False):
        something_waits.set()
