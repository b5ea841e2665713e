"""A consent as the hot path reads it: in one SELECT, without the ORM."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, select

from app import clock
from app.consents.choice import Choice, select_choice
from app.consents.events import Terms
from app.consents.live import is_live
from app.consents.models import ONLY, Consent
from app.consents.resources import parse_resources
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.last_uses import Used
from app.scopes import parse_scope


class ConsentSnapshot(Struct):
    """A consent as one SELECT saw it."""

    grant_id: str
    scope: str
    declined_scope: str
    choice: Choice
    resources: str
    expires_at: datetime | None
    paused_at: datetime | None

    @property
    def terms(self) -> Terms:
        """What it says."""
        return Terms(frozenset(parse_scope(self.scope)), self.choice, parse_resources(self.resources), self.expires_at)


#: The columns of :class:`ConsentSnapshot`.
CONSENT_COLUMNS = (
    Consent.grant_id,
    Consent.scope.label("scope"),
    Consent.declined_scope,
    select_choice().label("choice"),
    Consent.resources,
    Consent.expires_at,
    Consent.paused_at,
)

_FIND_CONSENT = Statement(
    select(*CONSENT_COLUMNS).where(
        Consent.user_id == bindparam("user_id"),
        Consent.client_key == bindparam("client_key"),
        Consent.installation == bindparam("installation"),
        is_live(Consent, bindparam("at", type_=UtcDateTime())),
    ),
    row=ConsentSnapshot,
)

CONSENT_USED = Used(Consent.grant_id, Consent.last_used_at)


def find_live_consent(
    connection: Connection, user_id: str, client_key: str, installation: str | None = ONLY
) -> ConsentSnapshot | None:
    """Returns what the person allows this installation of the app now; None when that is nothing.

    ``installation`` is None for one that is only about to be connected.
    """
    if installation is None:
        return None
    found: ConsentSnapshot | None = connection.first(
        _FIND_CONSENT, user_id=user_id, client_key=client_key, installation=installation, at=clock.now()
    )
    return found
