"""The look back: who has taken their account back is shown what was connected since a sign-in that was surely theirs."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import Session as SignedInSession
from app.accounts.resetting.models import LookBack

#: For so long it is asked about; and so far it goes back where no sign-in is known.
LASTS = timedelta(days=30)
_MOST_SIGN_INS = 20


class SignIn(Struct, frozen=True):
    """One that was ended: when it was, with what browser, from where."""

    at: datetime
    user_agent: str
    address: str


def begin_look_back(session: Session, user_id: str, *, target: str = "") -> None:
    """Note from where the person is signed in, to be called before that ends.

    ``target`` is a path of ours to which they go on from there. The caller holds the person, and commits. An earlier
    look back that is not over goes on with what was kept in it.
    """
    sign_ins = session.scalars(
        select(SignedInSession)
        .where(SignedInSession.user_id == user_id)
        .order_by(SignedInSession.issued_at.desc(), SignedInSession.id)
    ).all()
    told = [{"at": one.issued_at.isoformat(), "user_agent": one.user_agent, "address": one.address} for one in sign_ins]
    found = find_look_back(session, user_id)
    if found is None:
        found = session.merge(LookBack(user_id=user_id, sign_ins=[], kept=[]))
    told.extend(found.sign_ins)
    # The earliest is where it begins.
    found.sign_ins = [*told[: _MOST_SIGN_INS - 1], told[-1]] if len(told) > _MOST_SIGN_INS else told
    found.begun_at, found.target = clock.now(), target


def find_look_back(session: Session, user_id: str) -> LookBack | None:
    """Returns what the person is asked to look at, if they are."""
    found = session.get(LookBack, user_id)
    return found if found is not None and found.begun_at > clock.now() - LASTS else None


def list_sign_ins(found: LookBack) -> list[SignIn]:
    """Returns the sign-ins from which the person can choose where the look back begins, the latest first."""
    return [SignIn(datetime.fromisoformat(one["at"]), one["user_agent"], one["address"]) for one in found.sign_ins]


def keep_app(found: LookBack, grant_id: str) -> None:
    """Note that the person knows this app. The caller commits."""
    if grant_id not in found.kept:
        found.kept = [*found.kept, grant_id]
