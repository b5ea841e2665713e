"""What a decision depends on, held still while it is made."""

from sqlalchemy import bindparam, or_, select

from app.accounts.lock import LOCK_PERSON
from app.clients.models import Client
from app.consents.live import is_open
from app.consents.models import Consent
from app.database.connections import Connection
from app.database.locks import to_change, to_rely_on
from app.database.statements import Statement
from app.oauth.authorization_request.record import AuthorizationRequest

_LOCK_CLIENT = Statement(to_rely_on(select(Client.key).where(Client.key == bindparam("client"))))
_LOCK_CONSENT = Statement(
    to_change(
        select(Consent.grant_id).where(
            Consent.user_id == bindparam("user"),
            or_(Consent.client_key == bindparam("client"), Consent.grant_id == bindparam("earlier")),
            is_open(Consent),
        )
    ).order_by(Consent.grant_id)
)
_LOCK_REQUEST = Statement(
    to_change(select(AuthorizationRequest.digest).where(AuthorizationRequest.digest == bindparam("handle_digest")))
)


def lock_decision(
    connection: Connection, user_id: str, client_key: str, request_digest: str, earlier_grant_id: str | None = None
) -> None:
    """Let nobody change what a decision depends on until the transaction ends.

    That is the person's own decisions, one at a time; the app; what they allowed it before; another connection whose
    place it takes; and the request. On SQLite the transaction alone does that, and these rows are only looked at.
    """
    connection.first(LOCK_PERSON, user=user_id)
    connection.first(_LOCK_CLIENT, client=client_key)
    connection.all(_LOCK_CONSENT, user=user_id, client=client_key, earlier=earlier_grant_id or "")
    connection.first(_LOCK_REQUEST, handle_digest=request_digest)
