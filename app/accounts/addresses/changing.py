"""How an account gets another address, and how the old address takes it back."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.accounts.addresses.models import AddressChange
from app.accounts.factors.models import OneTimeCodes, RecoveryCode
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.notices import notify
from app.accounts.passkeys.models import Passkey
from app.accounts.resetting.links import make_reset_link
from app.accounts.resetting.look_back import begin_look_back
from app.accounts.sessions import end_sessions
from app.audit.events import record
from app.credentials import digest
from app.database.rows import is_taken
from app.mail.outbox import put_mail
from app.sentences import _

#: So long the link in the letter to the new address works, from when the letter goes out.
CONFIRMS_FOR = timedelta(days=1)
#: So long a letter is tried; the link can begin to live as late as that.
TRIED_FOR = timedelta(days=1)
#: So long the old address can take it back.
BACK_FOR = timedelta(days=7)
#: What was set up so long before somebody asked for the change is not trusted either, once it is taken back.
SUSPECT_FOR = timedelta(days=7)


class AddressTaken(ValueError):
    """Somebody else has an account with the address. Said only to who has shown that its mailbox is theirs."""

    def __init__(self) -> None:
        super().__init__(_("This address has an account of its own. One address can have only one account."))


class LinkIsOver(LookupError):
    """The link was used, is too old, or was followed by another one."""


class Waiting(Struct, frozen=True):
    """A change that waits for its mailbox."""

    email: str


class TakenBack(Struct, frozen=True):
    """The address of the account from now on, and the path at which its new password is chosen.

    ``is_other`` says whether the account had another one before.
    """

    email: str
    is_other: bool
    link: str


def ask_for_address(session: Session, user_id: str, email: str) -> None:
    """Send a letter to the address, whose link makes it the person's. The caller commits.

    An earlier one that still waits is over. Whether the address has an account decides nothing here: the letter says it.
    """
    lock_person(session, user_id)
    forget_waiting(session, user_id)
    was = session.scalars(select(User.email).where(User.id == user_id)).one()
    until = clock.now() + TRIED_FOR + CONFIRMS_FOR
    change = AddressChange(user_id=user_id, was=was, email=email, expires_at=until)
    session.add(change)
    session.flush()
    put_mail(session, "address_change", to=email, change=change.id)
    record("user.address_asked", actor_user_id=user_id)


def find_waiting(session: Session, user_id: str) -> Waiting | None:
    """Returns the change of the person that waits for its mailbox."""
    change = session.scalar(select(AddressChange).where(AddressChange.user_id == user_id, *_waits()))
    return None if change is None else Waiting(change.email)


def forget_waiting(session: Session, user_id: str) -> None:
    """Let a change that waits come to nothing. The caller commits."""
    session.execute(delete(AddressChange).where(AddressChange.user_id == user_id, AddressChange.changed_at.is_(None)))


def find_confirmable(session: Session, user_id: str, token: str) -> AddressChange | None:
    """Returns the change of this person that the link confirms."""
    found = select(AddressChange).where(AddressChange.digest == digest(token), AddressChange.user_id == user_id)
    return session.scalar(found.where(*_waits()).execution_options(populate_existing=True))


def confirm_address(session: Session, user_id: str, token: str) -> AddressChange:
    """Make the address the person's, and tell the old one. Returns what was asked for. The caller commits.

    Raises :class:`LinkIsOver` or :class:`AddressTaken`, which leave everything as it was.
    """
    lock_person(session, user_id)
    change = find_confirmable(session, user_id, token)
    if change is None:
        raise LinkIsOver
    user = session.get_one(User, user_id, populate_existing=True)
    was = user.email
    _give_address(session, user, change.email)
    now = clock.now()
    change.was, change.changed_at, change.digest, change.expires_at = was, now, None, now + BACK_FOR
    # A letter that would bring back the address that is the person's again has nothing to bring back.
    is_of_address = AddressChange.was != AddressChange.email
    _end_ways_back(session, AddressChange.user_id == user_id, AddressChange.was == change.email, is_of_address)
    put_mail(session, "address_changed", to=was, change=change.id)
    notify(session, user_id, "email_changed", was=was, email=change.email)
    record("user.address_changed", actor_user_id=user_id)
    return change


def find_taken_back(session: Session, token: str) -> AddressChange | None:
    """Returns what the link in the letter takes back: to the old address, or to the one that a first second step was told to."""
    found = select(AddressChange).where(AddressChange.back_digest == digest(token))
    is_open = AddressChange.changed_at.is_not(None), AddressChange.expires_at > clock.now()
    return session.scalar(found.where(*is_open).execution_options(populate_existing=True))


def take_back_address(session: Session, token: str, password_hash: str) -> TakenBack:
    """Give the account the address that the letter went to again, and shut out whoever took it. The caller commits.

    Returns where its new password is chosen. Who changed it, or set up a first second step, knew the password or had a
    passkey: so every session ends, ``password_hash``, which nobody knows the password of, takes the place of the present
    one, and later changes of the address cannot be confirmed or taken back.
    What was set up since to sign in with goes, and what was in the week before: who is about to take an account over sets
    up a way in of their own first. What is older stays, and is asked at the next sign-in.
    Raises :class:`LinkIsOver` or :class:`AddressTaken`, which leave everything as it was.
    """
    found = find_taken_back(session, token)
    if found is None:
        raise LinkIsOver
    lock_person(session, found.user_id)
    change = find_taken_back(session, token)
    if change is None:
        raise LinkIsOver
    user = session.get_one(User, change.user_id, populate_existing=True)
    lost = user.email
    _give_address(session, user, change.was)
    user.password_hash = password_hash
    session.flush()
    _take_away_factors(session, user.id, change.created_at - SUSPECT_FOR)
    # Whoever got here has the mailbox, so no letter has to bring the link.
    link = make_reset_link(session, user, by_mail=True)
    begin_look_back(session, user.id)
    end_sessions(session, user.id)
    forget_waiting(session, user.id)
    _end_ways_back(session, AddressChange.user_id == user.id, AddressChange.changed_at >= change.changed_at)
    if lost != change.was:
        put_mail(session, "address_lost", to=lost)
    if change.is_first_step:
        notify(session, user.id, "first_step_taken_back")
        record("user.first_step_taken_back", actor_user_id=user.id)
    if lost != change.was or not change.is_first_step:
        notify(session, user.id, "email_taken_back", email=change.was)
        record("user.address_taken_back", actor_user_id=user.id)
    return TakenBack(change.was, lost != change.was, link)


def _take_away_factors(session: Session, user_id: str, since: datetime) -> None:
    """Let nothing be shown at sign-in that was set up from that moment on: it may be somebody else's."""
    session.execute(delete(Passkey).where(Passkey.user_id == user_id, Passkey.created_at >= since))
    session.execute(delete(OneTimeCodes).where(OneTimeCodes.user_id == user_id, OneTimeCodes.confirmed_at >= since))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.made_at >= since))


def _give_address(session: Session, user: User, email: str) -> None:
    """Set the address, which its mailbox has shown to be the person's. Raises :class:`AddressTaken`."""
    try:
        with session.begin_nested():
            user.email, user.email_verified_at = email, clock.now()
    except IntegrityError as error:
        if not is_taken(error, User.email):
            raise
        session.expire(user)
        raise AddressTaken from None


def _end_ways_back(session: Session, *which: ColumnElement[bool]) -> None:
    session.execute(
        update(AddressChange)
        .where(*which)
        .values(back_digest=None, expires_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )


def _waits() -> tuple[ColumnElement[bool], ...]:
    return AddressChange.changed_at.is_(None), AddressChange.expires_at > clock.now()
