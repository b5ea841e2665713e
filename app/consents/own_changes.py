"""What a person is told of an app that changes itself: an event for everybody who has it connected."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import String, bindparam
from sqlalchemy.orm import Session

from app import clock, metrics
from app.clients.models import Client
from app.clients.own_words import Told, when_app_changes_itself
from app.consents.events import APP, CHANGED, insert_values, select_values
from app.consents.live import is_live
from app.consents.models import Consent
from app.database.patience import take_time
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime

#: An address that is longer is cut: everybody who has the app connected gets a copy.
_LONGEST_ADDRESS = 200

_AT = bindparam("at", type_=UtcDateTime())
# One statement, however many have it connected. By their key, as everybody takes them.
_INSERT_FOR_ALL = Statement(
    insert_values(
        select_values(client_name=bindparam("client_name", type_=String()))
        .where(Consent.client_key == bindparam("client"), is_live(Consent, _AT))
        .order_by(Consent.user_id, Consent.grant_id)
    )
)


@when_app_changes_itself
def note_own_changes(session: Session, client: Client, before: Told) -> None:
    """Write down for each person with a live connection what the app was and is, in the transaction that changes it."""
    changed: dict[str, Any] = {}
    if before.name != client.name:
        changed["name"] = {"was": before.name, "is": client.name}
    if set(before.redirect_uris) != set(client.redirect_uris):
        changed["redirect_uris"] = {
            "added": _cut(set(client.redirect_uris) - set(before.redirect_uris)),
            "removed": _cut(set(before.redirect_uris) - set(client.redirect_uris)),
        }
    take_time()
    connection = SessionConnection(session)
    count = connection.run(
        _INSERT_FOR_ALL,
        client=client.key,
        client_name=client.name,
        at=clock.now(),
        kind=CHANGED,
        actor=APP,
        changed=json.dumps(changed, sort_keys=True),
    )
    connection.once_committed(lambda: metrics.CONSENT_EVENTS.inc(CHANGED, APP, by=count))


def _cut(uris: Collection[str]) -> list[str]:
    return [uri if len(uri) <= _LONGEST_ADDRESS else f"{uri[:_LONGEST_ADDRESS]}…" for uri in sorted(uris)]
