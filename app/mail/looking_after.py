"""What whoever looks after the server does with the outbox: see what waits and what did not go out, and decide on it."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Engine, func, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.audit.events import record
from app.database.access import expect_reads
from app.database.locks import to_change
from app.mail.models import UNSENT, OutgoingMail, State

#: For so many seconds letters may wait without any going out.
LATE = 15 * 60


class Backlog(Struct, frozen=True):
    """How the outbox stands.

    ``stuck_for`` is for how many seconds letters have waited without any going out: one alone may wait for days, where
    its mailbox is full, and that is not for anybody to mend.
    """

    waiting: int
    stuck_for: float
    failed: int
    uncertain: int
    says: str

    @property
    def is_stuck(self) -> bool:
        """Whether somebody should see to it."""
        return self.stuck_for > LATE


def read_backlog(engine: Engine) -> Backlog:
    """Returns how it stands now."""
    waiting = OutgoingMail.next_at.is_not(None)
    counted = select(OutgoingMail.state, func.count()).where(OutgoingMail.state.in_(UNSENT))
    first = select(OutgoingMail.created_at, OutgoingMail.says).where(waiting).order_by(OutgoingMail.created_at).limit(1)
    sent = select(OutgoingMail.over_at).where(OutgoingMail.state == State.SENT, OutgoingMail.over_at.is_not(None))
    with expect_reads(), engine.connect() as connection:
        unsent = {state: count for state, count in connection.execute(counted.group_by(OutgoingMail.state))}
        count = connection.scalar(select(func.count()).select_from(OutgoingMail).where(waiting)) or 0
        oldest = connection.execute(first).first()
        last_sent = connection.scalar(sent.order_by(OutgoingMail.over_at.desc()).limit(1)) if oldest else None
    since = max(filter(None, (oldest.created_at, last_sent))) if oldest else clock.now()
    seconds = max(0.0, (clock.now() - since).total_seconds())
    failed, uncertain = (unsent.get(state, 0) for state in (State.FAILED, State.UNCERTAIN))
    return Backlog(count, seconds, failed, uncertain, oldest.says if oldest else "")


def list_stuck(session: Session, *, most: int, after: int = 0) -> Sequence[OutgoingMail]:
    """Returns the letters that wait, and those that did not go out; the latest first."""
    return session.scalars(
        select(OutgoingMail)
        .where(_can_be_decided())
        .order_by(OutgoingMail.created_at.desc(), OutgoingMail.id)
        .limit(most)
        .offset(after)
    ).all()


def count_stuck(session: Session) -> int:
    """Returns how many there are of them."""
    return session.scalar(select(func.count()).select_from(OutgoingMail).where(_can_be_decided())) or 0


def find_stuck(session: Session, letter_id: str) -> OutgoingMail | None:
    """Returns the letter, if it can still be decided on: it waits, or did not go out."""
    return session.scalar(select(OutgoingMail).where(OutgoingMail.id == letter_id, _can_be_decided()))


def send_again(session: Session, letter_id: str, *, actor_user_id: str | None) -> bool:
    """Let the letter go out now. The caller commits. Returns whether there is one that can.

    One that may have arrived is sent as another letter, so that no mailbox takes the two for one.
    """
    letter = _lock(session, letter_id)
    if letter is None:
        return False
    if letter.state == State.UNCERTAIN:
        letter.edition += 1
    if letter.state != State.WAITING:
        letter.created_at, letter.tries = clock.now(), 0
    letter.state, letter.next_at, letter.over_at = State.WAITING, clock.now(), None
    letter.claim = letter.handed_over_at = None
    record("mail.sent_again", actor_user_id=actor_user_id, letter_id=letter.id, kind_of_letter=letter.kind)
    return True


def drop_letter(session: Session, letter_id: str, *, actor_user_id: str | None) -> bool:
    """Let go of the letter, and of what it tells of. The caller commits. Returns whether there is one that can."""
    letter = _lock(session, letter_id)
    if letter is None:
        return False
    letter.state, letter.next_at, letter.over_at, letter.facts = State.DROPPED, None, clock.now(), {}
    record("mail.dropped", actor_user_id=actor_user_id, letter_id=letter.id, kind_of_letter=letter.kind)
    return True


def _can_be_decided() -> ColumnElement[bool]:
    return or_(OutgoingMail.next_at.is_not(None), OutgoingMail.state.in_(UNSENT))


def _lock(session: Session, letter_id: str) -> OutgoingMail | None:
    """The letter, unless it is over, or on its way at this moment."""
    letter = session.scalar(to_change(select(OutgoingMail).where(OutgoingMail.id == letter_id)))
    is_on_its_way = letter is not None and letter.claim is not None and letter.next_at is not None
    return None if letter is None or is_on_its_way or letter.state not in (State.WAITING, *UNSENT) else letter
