"""What becomes of codes, tokens, waiting requests and records when an app is rotated or deleted."""

from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from app import clock
from app.clients.events import record_client_event
from app.clients.life import EndedBy, when_client_ends
from app.clients.models import Client
from app.clients.secrets import rotate_client_secret
from app.consents.models import Consent
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.journal.record import RequestRecord
from app.oauth.playground.callback import PlaygroundCallback
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily


def rotate_everything(
    session: Session, client: Client, *, actor_user_id: str | None, secret_id: str | None = None
) -> str | None:
    """End every secret, code and token of the client now. Returns the new plain secret, None for a public client.

    Consents stay: people need not decide again. ``secret_id`` may be chosen beforehand, so that
    what is sent twice collides.
    """
    secret = None
    if client.is_confidential:
        secret = rotate_client_secret(session, client, actor_user_id=actor_user_id, secret_id=secret_id)[1]
    at = clock.now()
    session.execute(
        update(TokenFamily)
        .where(TokenFamily.grant_id.in_(_consents_of(client.key)), TokenFamily.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    session.execute(
        update(AccessToken)
        .where(
            AccessToken.client_key == client.key,
            AccessToken.family_id.is_(None),
            AccessToken.revoked_at.is_(None),
        )
        .values(revoked_at=at)
    )
    record_client_event(session, "client.tokens_ended", client, actor_user_id)
    return secret


@when_client_ends("authorization_requests")
def delete_what_the_client_held(session: Session, client_key: str, _by: EndedBy) -> None:
    """Delete the client's codes and tokens, the requests that wait for somebody's decision, and its own records.

    Codes and tokens with a family go with the family, by the foreign keys; and none can be added to it any more.
    """
    for statement in (
        delete(AuthorizationRequest).where(AuthorizationRequest.client_key == client_key),
        delete(TokenFamily).where(TokenFamily.grant_id.in_(_consents_of(client_key))),
        delete(AccessToken).where(AccessToken.client_key == client_key, AccessToken.family_id.is_(None)),
        delete(RequestRecord).where(RequestRecord.client_key == client_key),
        delete(PlaygroundCallback).where(PlaygroundCallback.client_key == client_key),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def _consents_of(client_key: str) -> Select[Any]:
    return select(Consent.grant_id).where(Consent.client_key == client_key)
