"""Sending what waits in the outbox: claim a letter, write it, carry it, and say what became of it."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app import clock, metrics
from app.database.unavailable import find_unavailability
from app.extensions import db
from app.mail.carrier import Carrier, NotNow, NoWay, Posted, Refused, Unsure
from app.mail.kinds import USUAL_PATIENCE, get_kind
from app.mail.models import State
from app.mail.queue import (
    Claimed,
    NotOurs,
    claim_next,
    note_handing_over,
    put_off_others,
    settle,
    settle_needless,
    try_again,
)
from app.mail.rendering import Rendered, render_letter

_log = logging.getLogger(__name__)

#: Seconds until a letter is tried again: the first time, and at most. It doubles in between.
_FIRST_WAIT, _LONGEST_WAIT = 60, 60 * 60
#: The same where the mail server itself cannot be used: whoever waits is to have their letter soon after it is back.
_FIRST_PAUSE, _LONGEST_PAUSE = 15, 5 * 60
_MOST_DOUBLINGS = 12
#: Seconds between attempts to write down that a letter is there.
_UNTIL_DATABASE_IS_BACK = (0.2, 1, 2, 4, 8, 15, 30)


class _CannotBeWritten(Exception):
    """The function that writes this kind of letter failed."""


def send_due(
    app: Flask,
    carrier: Carrier,
    go_on: Callable[[], bool] = lambda: True,
    leave_alone: Callable[[float], None] = lambda seconds: None,
) -> int:
    """Send every letter that is due, one after the other. Returns how many were sent.

    ``leave_alone`` is told for how many seconds the mail server had better not be asked, when it cannot be used.
    Called outside any request, and from no app context whose session somebody else uses.
    """
    sent = 0
    with app.app_context():
        engine = db.engine
        try:
            while go_on() and (claimed := claim_next(engine)) is not None:
                try:
                    sent += _send(app, engine, carrier, claimed, go_on)
                except NoWay as problem:
                    leave_alone(_FIRST_PAUSE)
                    _wait_for_server(engine, claimed, str(problem))
                    break
        finally:
            carrier.close()
    return sent


def _send(app: Flask, engine: Engine, carrier: Carrier, claimed: Claimed, go_on: Callable[[], bool]) -> bool:
    """Returns whether the letter was sent. Raises :class:`NoWay`."""
    carrier.open()
    try:
        rendered = _write_letter(app, claimed)
        if rendered is None:
            return False
        posted = Posted(claimed.id, claimed.kind, claimed.recipient, rendered, claimed.edition)
        answer = carrier.carry(posted, partial(note_handing_over, engine, claimed))
    except (_CannotBeWritten, NotNow) as problem:
        _wait(engine, claimed, str(problem))
    except Refused as problem:
        _settle(engine, claimed, State.FAILED, str(problem))
        _log.warning("Letter %s (%s) was refused for good; flask mail list says why.", claimed.id, claimed.kind)
    except Unsure as problem:
        _settle(engine, claimed, State.UNCERTAIN, str(problem))
        _log.warning("Letter %s (%s) may have arrived or not; flask mail list says why.", claimed.id, claimed.kind)
    except NoWay:
        raise
    except NotOurs:
        _log.warning("Letter %s (%s) was held up for too long, and is another's by now.", claimed.id, claimed.kind)
    # Whatever it is, the other letters are to go out.
    except Exception as error:
        _tell_failure(error, claimed, "sent")
        _wait(engine, claimed, f"It could not be sent: {type(error).__name__}.")
    else:
        _settle_sent(engine, claimed, answer, go_on)
        return True
    return False


def _settle_sent(engine: Engine, claimed: Claimed, answer: str, go_on: Callable[[], bool]) -> None:
    """Write down that the letter is there, also where the database is away for a moment: else nobody would know."""
    for seconds in _UNTIL_DATABASE_IS_BACK:
        try:
            _settle(engine, claimed, State.SENT, answer)
            return
        except DBAPIError:
            if not go_on():
                break
            time.sleep(seconds)
    _settle(engine, claimed, State.SENT, answer)


def _settle(engine: Engine, claimed: Claimed, state: State, says: str) -> None:
    settle(engine, claimed, state, says)
    metrics.LETTERS.inc(state.value)


def _write_letter(app: Flask, claimed: Claimed) -> Rendered | None:
    """Returns the letter; None when nothing is to go out, which is then written down."""
    with app.app_context():
        try:
            session = db.session()
            with session.begin():
                letter = get_kind(claimed.kind).compose(session, claimed.recipient, dict(claimed.facts))
                if letter is None:
                    settle_needless(session.connection(), claimed)
                    metrics.LETTERS.inc(State.NEEDLESS.value)
                    return None
                return render_letter(letter)
        # Whatever it is, the other letters are to go out.
        except Exception as error:
            _tell_failure(error, claimed, "written")
            raise _CannotBeWritten(f"It could not be written: {type(error).__name__}.") from error


def _tell_failure(error: Exception, claimed: Claimed, done: str) -> None:
    """Log it, the first time: a mistake of ours with where it is, a database that cannot be used just now in a line."""
    if claimed.tries > 1:
        return
    kind = find_unavailability(error)
    if kind is None:
        _log.error(
            "Letter %s (%s) could not be %s, and is tried again.", claimed.id, claimed.kind, done, exc_info=error
        )
    else:
        _log.warning(
            "Letter %s (%s) could not be %s, as the database is %s, and is tried again.",
            *(claimed.id, claimed.kind, done, kind),
        )


def _wait(engine: Engine, claimed: Claimed, says: str) -> None:
    seconds = min(_FIRST_WAIT * 2 ** min(claimed.tries - 1, _MOST_DOUBLINGS), _LONGEST_WAIT)
    if not _give_up_late(engine, claimed, says):
        try_again(engine, claimed, clock.now() + timedelta(seconds=seconds), says)
        metrics.LETTERS.inc("put_off")


def _wait_for_server(engine: Engine, claimed: Claimed, says: str) -> None:
    """Put off this letter and all that are due: there is nobody to give them to."""
    seconds = min(_FIRST_PAUSE * 2 ** min(claimed.tries - 1, _MOST_DOUBLINGS), _LONGEST_PAUSE)
    until = clock.now() + timedelta(seconds=seconds)
    if not _give_up_late(engine, claimed, says):
        try_again(engine, claimed, until, says)
        metrics.LETTERS.inc("put_off")
    put_off_others(engine, until, says)
    _log.warning("Letters wait, as the mail server cannot be used: %s", says)


def _give_up_late(engine: Engine, claimed: Claimed, says: str) -> bool:
    """Give the letter up if it has been tried for long enough. Returns whether it was."""
    try:
        patience = get_kind(claimed.kind).useful_for
    except LookupError:
        patience = USUAL_PATIENCE
    if clock.now() - claimed.created_at < patience:
        return False
    _settle(engine, claimed, State.FAILED, f"Given up after {claimed.tries} attempts. {says}")
    _log.warning("Letter %s (%s) was given up; flask mail list says why.", claimed.id, claimed.kind)
    return True
