"""Pausing every app of a person at once, in one transaction."""

from sqlalchemy import String, bindparam, literal, select, update

from app import clock, metrics
from app.accounts.models import User
from app.clients.models import Client
from app.consents import statements
from app.consents.events import PAUSED, PERSON, insert_values, select_values
from app.consents.live import is_live
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.locks import to_change
from app.database.statements import Statement
from app.database.types import UtcDateTime

_AT = bindparam("at", type_=UtcDateTime())
_GOES_ON = (Consent.user_id == bindparam("user"), Consent.paused_at.is_(None), is_live(Consent, _AT))

_LOCK_ALL = Statement(to_change(select(Consent.grant_id).where(*_GOES_ON).order_by(Consent.grant_id)))
_NOTE_ALL = Statement(
    insert_values(
        select_values(changed=literal('{"all": true}', type_=String()))
        .join(Client, Client.key == Consent.client_key)
        .where(*_GOES_ON)
        .order_by(Consent.grant_id)
    )
)
_PAUSE_ALL = Statement(update(Consent).where(*_GOES_ON).values(paused_at=_AT, decided_at=_AT))
_SET_FROZEN = Statement(update(User).where(User.id == bindparam("user")).values(frozen_at=_AT))


def freeze(connection: Connection, user_id: str) -> int:
    """Pause every app of the person's that is not paused; each goes on when it is resumed. Returns how many there were.

    A decision that is being made meanwhile is either over before, and what it gave is paused too; or its page is shown
    once more, because all were paused since (``frozen_at`` is one of its facts). To be called inside a transaction.
    """
    # Whoever gives a consent holds the person as well, so there is no third way.
    connection.first(statements.LOCK_PERSON, user=user_id)
    at = clock.now()
    paused = len(connection.all(_LOCK_ALL, user=user_id, at=at))
    connection.run(_NOTE_ALL, user=user_id, at=at, kind=PAUSED, actor=PERSON)
    connection.run(_PAUSE_ALL, user=user_id, at=at)
    connection.run(_SET_FROZEN, user=user_id, at=at)
    connection.once_committed(lambda: metrics.CONSENT_EVENTS.inc(PAUSED, PERSON, by=paused))
    return paused
