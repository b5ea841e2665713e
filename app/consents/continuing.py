"""A connection that is the same as an earlier one: what that had is handed over, and it ends, in one transaction."""

from typing import Any

from sqlalchemy import String, bindparam, exists, select, update
from sqlalchemy.orm import aliased

from app import clock
from app.consents import statements
from app.consents.changes import give_consent
from app.consents.events import ENDED, PERSON, add_event
from app.consents.installations import new_installation
from app.consents.made import MadeMemento
from app.consents.models import Consent
from app.consents.saved import SavedMemento
from app.consents.snapshot import ConsentSnapshot
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Digest

_FIND_EARLIER = Statement(
    select(Consent.client_key, Consent.installation, Consent.name, Consent.memory_setting).where(
        Consent.grant_id == bindparam("grant"), Consent.user_id == bindparam("user"), Consent.continued_by.is_(None)
    )
)
_SET_CONTINUED = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"), Consent.continued_by.is_(None))
    .values(continued_by=bindparam("by", type_=String()))
)
_SET_SETTING = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"))
    .values(memory_setting=bindparam("setting", type_=String()))
)
_SET_NAME = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"), Consent.user_id == bindparam("user"))
    .values(name=bindparam("called", type_=String()))
)
_SET_BROWSER = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"))
    .values(browser_digest=bindparam("mark", type_=Digest()))
)
_own = aliased(SavedMemento)
_HAND_OVER_SAVED = Statement(
    update(SavedMemento)
    .where(
        SavedMemento.user_id == bindparam("user"),
        SavedMemento.client_key == bindparam("of_client"),
        SavedMemento.installation == bindparam("of_installation"),
        ~exists().where(
            _own.user_id == bindparam("user"),
            _own.client_key == bindparam("client"),
            _own.installation == bindparam("to_installation"),
        ),
    )
    .values(client_key=bindparam("client", type_=String()), installation=bindparam("to_installation", type_=String()))
)
_HAND_OVER_MADE = Statement(
    update(MadeMemento)
    .where(MadeMemento.grant_id == bindparam("grant"))
    .values(grant_id=bindparam("by", type_=String()))
)


class AlreadyContinued(Exception):
    """Another connection has taken over the earlier one since it was looked up."""


def continue_consent(
    connection: Connection,
    earlier_grant_id: str,
    *,
    user_id: str,
    client_key: str,
    installation: str | None,
    **given: Any,
) -> ConsentSnapshot:
    """Write down a new consent that is the same as an earlier one of the person's, and end that one. Returns it.

    It takes over the earlier one's name and memory setting, what that saved and the mementos that it made; what is ``given`` is told to
    :func:`give_consent`. Codes and tokens of the earlier one die with it; what it did stays in its own history.
    ``installation`` is None for a client whose every connection is a new one: it keeps the earlier one's. To be called
    inside a transaction.

    Raises :class:`AlreadyContinued`, and nothing must be committed then.
    """
    # The person first: two that would take over the same come one after the other.
    connection.first(statements.LOCK_PERSON, user=user_id)
    earlier = connection.first(_FIND_EARLIER, grant=earlier_grant_id, user=user_id)
    if earlier is None:
        raise AlreadyContinued
    before = (earlier.client_key, earlier.installation)
    if installation is None:
        installation = earlier.installation if before[0] == client_key and before[1] else new_installation()
    at = clock.now()
    # Before the new one is given: an installation has one that is open.
    is_ended_now = connection.run(statements.END_BY_GRANT, grant=earlier_grant_id, at=at) == 1
    given |= {"user_id": user_id, "client_key": client_key, "installation": installation}
    after = give_consent(connection, **given, resumes=True, continues=earlier_grant_id)
    if connection.run(_SET_CONTINUED, grant=earlier_grant_id, by=after.grant_id) != 1:
        raise AlreadyContinued
    rename(connection, user_id, after.grant_id, earlier.name)
    connection.run(_SET_SETTING, grant=after.grant_id, setting=earlier.memory_setting)
    connection.run(_HAND_OVER_MADE, grant=earlier_grant_id, by=after.grant_id)
    if before != (client_key, installation):
        _hand_over_saved(connection, user_id, before, (client_key, installation))
    if is_ended_now:
        changed = {"continued_by": after.grant_id}
        add_event(connection, earlier_grant_id, ENDED, actor=PERSON, at=at, changed=changed)
    return after


def _hand_over_saved(connection: Connection, user_id: str, before: tuple[str, str], after: tuple[str, str]) -> None:
    connection.run(
        _HAND_OVER_SAVED,
        user=user_id,
        of_client=before[0],
        of_installation=before[1],
        client=after[0],
        to_installation=after[1],
    )


def rename(connection: Connection, user_id: str, grant_id: str, name: str) -> bool:
    """Call a connection otherwise; an empty name is the app's own. Returns False when it is not the person's."""
    return connection.run(_SET_NAME, grant=grant_id, user=user_id, called=name) == 1


def note_browser(connection: Connection, grant_id: str, mark: str | None) -> None:
    """Keep in which browser it was connected: what :func:`app.consents.installations.mark_browser` returns."""
    connection.run(_SET_BROWSER, grant=grant_id, mark=mark)
