"""Notices: what a person should know that happened to their account, on ``/account/`` and by mail.

Call :func:`notify` where it happens, in the same transaction; :mod:`app.accounts.notices.kinds` is the list of kinds.
"""

import json
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session, scoped_session

from app import clock
from app.accounts.models import User
from app.accounts.notices.kinds import BY_WHAT, KINDS
from app.accounts.notices.models import NoticeChoice
from app.credentials import new_id
from app.database.connections import Connection
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.mail.outbox import put_mail_at_once

_FIND_PERSON = Statement(
    select(User.email, User.email_verified_at, NoticeChoice.way)
    .outerjoin(NoticeChoice, (NoticeChoice.user_id == User.id) & (NoticeChoice.kind == bindparam("kind")))
    .where(User.id == bindparam("user"))
)
# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words.
_INSERT = Statement(
    text(
        """
        INSERT INTO notices (id, user_id, kind, facts, at, once) VALUES (:id, :user, :kind, :facts, :at, :once)
        ON CONFLICT (user_id, once) DO NOTHING
        """
    ).bindparams(bindparam("at", type_=UtcDateTime()))
)


class WrongFacts(TypeError):
    """A notice was told other facts than its kind says."""


def notify(
    session: Session | scoped_session[Session] | Connection,
    user_id: str,
    kind: str,
    *,
    once: str | None = None,
    sends_mail: bool | None = None,
    **facts: Any,
) -> bool:
    """Tell the person, in the caller's transaction: on their page, and by mail, as they chose for this kind.

    ``facts`` are what the kind lists (:data:`app.accounts.notices.kinds.KINDS`), JSON values and never a secret, and, if
    known, ``user_agent`` and ``address``. With ``once``, whatever was told with the same is not told again. Where there
    is no Flask, ``sends_mail`` says whether mail goes out.
    Returns whether it was told. Raises :class:`WrongFacts` for other facts, and ``KeyError`` for another kind.
    """
    _check_facts(kind, facts)
    connection = session if isinstance(session, Connection) else SessionConnection(_plain(session))
    person = connection.first(_FIND_PERSON, user=user_id, kind=kind)
    if person is None or (person.way == "off" and KINDS[kind].choice is not None):
        return False
    told = json.dumps(facts, sort_keys=True)
    notice_id = new_id("ntc")
    if connection.run(_INSERT, id=notice_id, user=user_id, kind=kind, facts=told, at=clock.now(), once=once) != 1:
        return False
    # An address that nobody has confirmed may be a stranger's, who would learn where and with what one signs in.
    if person.email_verified_at is not None and (person.way != "page" or KINDS[kind].choice is None):
        put_mail_at_once(connection, "notice", to=person.email, sends_mail=sends_mail, notice=notice_id)
    return True


def _check_facts(kind: str, facts: dict[str, Any]) -> None:
    expected = set(KINDS[kind].facts)
    if not expected <= facts.keys() or not facts.keys() <= expected | set(BY_WHAT):
        raise WrongFacts(kind, {"expected": sorted(expected), "told": sorted(facts)})


def _plain(session: Session | scoped_session[Session]) -> Session:
    return session() if isinstance(session, scoped_session) else session
