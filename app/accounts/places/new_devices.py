"""Telling a person that somebody signed in with a browser that their account does not know yet."""

from datetime import timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session as OrmSession

from app import clock
from app.accounts.models import Session, User
from app.accounts.notices import notify
from app.accounts.places.models import KnownPlace

#: Whose account is younger, and has no trace of an earlier sign-in, signs in for the first time.
_NEW = timedelta(days=1)


def tell_new_device(session: OrmSession, user: User, session_id: str, *, knows_browser: bool) -> None:
    """Tell it, if the browser of this new session is none that the person has signed in with before.

    Not at the first sign-in of a new account, nor at each sign-in of a browser that is known. The caller commits.
    """
    if knows_browser:
        return
    new = session.scalars(select(Session).where(Session.id == session_id, Session.user_id == user.id)).one()
    if user.created_at > clock.now() - _NEW and not _has_signed_in_before(session, new):
        return
    notify(session, user.id, "new_device", session_id=new.id, user_agent=new.user_agent, address=new.address)


def _has_signed_in_before(session: OrmSession, new: Session) -> bool:
    earlier = exists().where(Session.user_id == new.user_id, Session.id != new.id)
    # A session may have ended since; its place is still known.
    place = exists().where(KnownPlace.user_id == new.user_id, KnownPlace.first_seen_at < new.issued_at)
    return bool(session.scalar(select(or_(earlier, place))))
