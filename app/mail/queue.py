"""The outbox's rows: taking the next letter, so that one process has it, and writing down what became of it.

Whoever claims a letter writes its own name beside it, and every later step asks for that name: a process that was held
up for too long finds that the letter is another's, and lets go. Before a letter's last bytes are sent that is written
down too, so that one whose process died then is known to be one that may have arrived.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Connection, Engine, Table, select, update

from app import clock
from app.credentials import new_id
from app.database.access import expect_reads, expect_writes
from app.mail.models import MOST_SAID, OutgoingMail, State

#: For so long a letter is its process's alone, before and after the mail server was given its end.
_CLAIM, _CLAIM_AFTER_END = timedelta(minutes=10), timedelta(minutes=15)
#: What is to wait for longer was put by a clock that was ahead and has been put right since: it is due.
_NONE_WAITS_SO_LONG = timedelta(hours=2)
_TABLE = cast(Table, OutgoingMail.__table__)
_COLUMNS = (
    *(OutgoingMail.id, OutgoingMail.kind, OutgoingMail.recipient, OutgoingMail.facts, OutgoingMail.created_at),
    *(OutgoingMail.tries, OutgoingMail.edition, OutgoingMail.claim, OutgoingMail.handed_over_at, OutgoingMail.next_at),
)


class NotOurs(Exception):
    """Another process has the letter by now."""


class Claimed(Struct, frozen=True):
    """A letter that is this process's to send."""

    id: str
    kind: str
    recipient: str
    facts: dict[str, Any]
    created_at: datetime
    tries: int
    edition: int
    claim: str


def has_due(engine: Engine) -> bool:
    """Returns whether a letter is to be sent now."""
    return bool(_find_due(engine))


def claim_next(engine: Engine) -> Claimed | None:
    """Returns the letter that has waited longest, which is this process's from now on; None when there is none."""
    while due := _find_due(engine):
        row = due[0]
        if row.handed_over_at is not None:
            _give_up_as_unsure(engine, row)
            continue
        claim = new_id("clm")
        seen = _TABLE.c.claim.is_(None) if row.claim is None else _TABLE.c.claim == row.claim
        until = clock.now() + _CLAIM
        taken = _write(
            engine, row.id, seen & (_TABLE.c.next_at == row.next_at), claim=claim, next_at=until, tries=row.tries + 1
        )
        if taken:
            return Claimed(
                row.id, row.kind, row.recipient, row.facts, row.created_at, row.tries + 1, row.edition, claim
            )
    return None


def note_handing_over(engine: Engine, claimed: Claimed) -> None:
    """Write down that the mail server is about to have all of the letter. Raises :class:`NotOurs`."""
    now = clock.now()
    if not _write(engine, claimed.id, _is_ours(claimed), handed_over_at=now, next_at=now + _CLAIM_AFTER_END):
        raise NotOurs


def try_again(engine: Engine, claimed: Claimed, at: datetime, says: str) -> None:
    """Let the letter wait until then, if it is still ours."""
    _write(engine, claimed.id, _is_ours(claimed), claim=None, handed_over_at=None, next_at=at, says=says[:MOST_SAID])


def put_off_others(engine: Engine, until: datetime, says: str) -> None:
    """Let every letter that is due wait until then: the mail server cannot be used, whatever the letter is."""
    is_due = (_TABLE.c.next_at <= clock.now()) & (_TABLE.c.state == State.WAITING) & _TABLE.c.handed_over_at.is_(None)
    with expect_writes(), engine.begin() as connection:
        connection.execute(update(_TABLE).where(is_due).values(next_at=until, claim=None, says=says[:MOST_SAID]))


def settle(engine: Engine, claimed: Claimed, state: State, says: str) -> bool:
    """Write down what became of the letter, at last. Returns whether it was still ours."""
    return _write(engine, claimed.id, _is_ours(claimed), **_over(state, says))


def settle_needless(connection: Connection, claimed: Claimed) -> None:
    """Write down, in a transaction that is open, that there was nothing to say."""
    over = _over(State.NEEDLESS, "There was nothing to say any more.")
    connection.execute(update(_TABLE).where(_TABLE.c.id == claimed.id, _is_ours(claimed)).values(over))


def _find_due(engine: Engine) -> Sequence[Any]:
    now = clock.now()
    first = select(*_COLUMNS).order_by(OutgoingMail.next_at, OutgoingMail.created_at, OutgoingMail.id).limit(1)
    with expect_reads(), engine.connect() as connection:
        due = connection.execute(first.where(OutgoingMail.next_at <= now)).all()
        return due or connection.execute(first.where(OutgoingMail.next_at > now + _NONE_WAITS_SO_LONG)).all()


def _give_up_as_unsure(engine: Engine, row: Any) -> None:
    says = "The program ended just as the mail server got the end of this letter; it may have arrived."
    condition = (_TABLE.c.claim == row.claim) & (_TABLE.c.next_at == row.next_at)
    # The claim stays: if the process lives after all, it knows better.
    _write(engine, row.id, condition, **_over(State.UNCERTAIN, says) | {"claim": row.claim})


def _over(state: State, says: str) -> dict[str, Any]:
    values: dict[str, Any] = {"state": state, "over_at": clock.now(), "next_at": None, "claim": None}
    # What it told of is needed only by somebody who may want to send it again.
    if state in (State.SENT, State.NEEDLESS, State.DROPPED):
        values["facts"] = {}
    return values | {"says": says[:MOST_SAID]}


def _is_ours(claimed: Claimed) -> Any:
    return _TABLE.c.claim == claimed.claim


def _write(engine: Engine, id: str, condition: Any, **values: Any) -> bool:
    with expect_writes(), engine.begin() as connection:
        changed = connection.execute(update(_TABLE).where(_TABLE.c.id == id, condition).values(values))
        return changed.rowcount == 1
