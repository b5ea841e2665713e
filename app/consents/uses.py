"""Which apps look through which mementos, now."""

from collections import defaultdict

from msgspec import Struct
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app import clock
from app.clients.models import Client
from app.consents.live import is_live
from app.consents.made import MadeMemento
from app.consents.models import Consent, ConsentMemento
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.scopes import parse_scope, reaches_memories

_LIVE = Consent.user_id == bindparam("user"), is_live(Consent, bindparam("at", type_=UtcDateTime()))
_FIND_USES = Statement(
    select(
        ConsentMemento.memento_id,
        Consent.grant_id,
        Consent.name,
        Client.name.label("client_name"),
        ConsentMemento.can_write,
        Consent.paused_at,
    )
    .join_from(ConsentMemento, Consent, Consent.grant_id == ConsentMemento.grant_id)
    .join(Client, Client.key == Consent.client_key)
    .where(*_LIVE, Consent.selection == "selected")
    .order_by(Client.name, Consent.grant_id)
)
_FIND_ALL_SEEING = Statement(
    select(
        Consent.grant_id,
        Consent.name,
        Client.name.label("client_name"),
        Consent.scope.label("scope"),
        Consent.paused_at,
    )
    .join(Client, Client.key == Consent.client_key)
    .where(*_LIVE, Consent.selection == "all")
    .order_by(Client.name, Consent.grant_id)
)
_FIND_MAKERS = Statement(
    select(MadeMemento.memento_id, Client.name)
    .join_from(MadeMemento, Consent, Consent.grant_id == MadeMemento.grant_id)
    .join(Client, Client.key == Consent.client_key)
    .where(Consent.user_id == bindparam("user"))
)


class Use(Struct, frozen=True):
    """A live consent that covers a memento, by what the person calls it. ``is_only`` when it covers no other by name."""

    grant_id: str
    app_name: str
    can_write: bool
    is_paused: bool
    is_only: bool


def find_uses(session: Session, user_id: str) -> dict[str, list[Use]]:
    """Returns, for each memento that an app was allowed by name, the apps, by name."""
    rows = SessionConnection(session).all(_FIND_USES, user=user_id, at=clock.now())
    sizes: dict[str, int] = defaultdict(int)
    for row in rows:
        sizes[row.grant_id] += 1
    uses: dict[str, list[Use]] = defaultdict(list)
    for memento_id, grant_id, name, client_name, can_write, paused_at in rows:
        uses[memento_id].append(
            Use(grant_id, name or client_name, can_write, paused_at is not None, sizes[grant_id] == 1)
        )
    return uses


def find_all_seeing(session: Session, user_id: str) -> list[Use]:
    """Returns the apps that look through everything, by name: whatever is in a memento, they see it too."""
    rows = SessionConnection(session).all(_FIND_ALL_SEEING, user=user_id, at=clock.now())
    return [
        Use(grant_id, name or client_name, can_write=False, is_paused=paused_at is not None, is_only=False)
        for grant_id, name, client_name, scope, paused_at in rows
        if reaches_memories(parse_scope(scope))
    ]


def find_makers(session: Session, user_id: str) -> dict[str, str]:
    """Returns, for each memento that an app has made, the app's name, also when it is not connected any more."""
    return dict(SessionConnection(session).all(_FIND_MAKERS, user=user_id))
