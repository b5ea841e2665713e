"""Changing the memory setting: for all apps, or for one. Each app that gains or loses something by it has an event.

Called inside a transaction, which the caller commits (see :mod:`app.consents.changes`).
"""

from datetime import datetime

from sqlalchemy import String, bindparam, select, update

from app import clock
from app.accounts.models import User
from app.consents import statements
from app.consents.events import NARROWED, PERSON, WIDENED, add_event
from app.consents.live import is_live
from app.consents.memory_setting import ALL_OF_IT, MemorySetting, parse_setting
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import UtcDateTime

_IS_OF_PERSON = User.id == bindparam("user")
_IS_LIVE = is_live(Consent, bindparam("at", type_=UtcDateTime()))
_READ_OF_ALL = Statement(select(User.memory_setting).where(_IS_OF_PERSON))
_READ_OF_ONE = Statement(select(Consent.memory_setting).where(Consent.grant_id == bindparam("grant")))
_SET_FOR_ALL = Statement(update(User).where(_IS_OF_PERSON).values(memory_setting=bindparam("setting", type_=String())))
_SET_FOR_ONE = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"))
    .values(memory_setting=bindparam("setting", type_=String()))
)
_LIST_AS_ALL = Statement(
    select(Consent.grant_id)
    .where(Consent.user_id == bindparam("user"), Consent.memory_setting.is_(None), _IS_LIVE)
    .order_by(Consent.grant_id)
)


def set_for_all(connection: Connection, user_id: str, setting: MemorySetting) -> None:
    """Let all apps do this much, but for those that the person set something else for."""
    at = clock.now()
    connection.first(statements.LOCK_PERSON, user=user_id)
    before = parse_setting(connection.first(_READ_OF_ALL, user=user_id).memory_setting)
    connection.run(_SET_FOR_ALL, user=user_id, setting=None if setting == ALL_OF_IT else setting.format())
    for row in connection.all(_LIST_AS_ALL, user=user_id, at=at):
        _note_difference(connection, row.grant_id, before, setting, at)


def set_for_one(connection: Connection, user_id: str, grant_id: str, setting: MemorySetting | None) -> bool:
    """Let one app do this much; None is what holds for all. Returns False when the consent has ended."""
    at = clock.now()
    if connection.first(statements.LOCK, grant=grant_id, user=user_id, at=at) is None:
        return False
    of_all = parse_setting(connection.first(_READ_OF_ALL, user=user_id).memory_setting)
    own = connection.first(_READ_OF_ONE, grant=grant_id).memory_setting
    connection.run(_SET_FOR_ONE, grant=grant_id, setting=None if setting is None else setting.format())
    before = of_all if own is None else parse_setting(own)
    _note_difference(connection, grant_id, before, of_all if setting is None else setting, at)
    return True


def _note_difference(
    connection: Connection, grant_id: str, before: MemorySetting, after: MemorySetting, at: datetime
) -> None:
    old, new = set(before.words), set(after.words)
    for kind, words in ((WIDENED, new - old), (NARROWED, old - new)):
        if words:
            changed = {"memory": sorted(words)}
            add_event(connection, grant_id, kind, actor=PERSON, at=at, changed=changed)
