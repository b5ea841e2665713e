"""Telling a person that somebody signed in with a browser that their account does not know yet."""

from datetime import timedelta

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import aliased

from app import clock
from app.accounts.models import Session, User
from app.accounts.notices import notify
from app.accounts.places.models import KnownPlace
from app.database.session_connection import SessionConnection
from app.database.statements import Statement

#: Whose account is younger, and has no trace of an earlier sign-in, signs in for the first time.
_NEW = timedelta(days=1)

_other = aliased(Session)
_FIND_NEW = Statement(
    select(
        Session.user_agent,
        Session.address,
        or_(
            exists().where(_other.user_id == Session.user_id, _other.id != Session.id),
            # A session may have ended since; its place is still known.
            exists().where(KnownPlace.user_id == Session.user_id, KnownPlace.first_seen_at < Session.issued_at),
        ).label("came_before"),
    ).where(Session.id == bindparam("session_id"), Session.user_id == bindparam("user"))
)


def tell_new_device(session: OrmSession, user: User, session_id: str, *, knows_browser: bool) -> None:
    """Tell it, if the browser of this new session is none that the person has signed in with before.

    Not at the first sign-in of a new account, nor at each sign-in of a browser that is known. The caller commits.
    """
    if knows_browser:
        return
    new = SessionConnection(session).first(_FIND_NEW, session_id=session_id, user=user.id)
    if user.created_at > clock.now() - _NEW and not new.came_before:
        return
    notify(session, user.id, "new_device", session_id=session_id, user_agent=new.user_agent, address=new.address)
