"""What follows when a code or a refresh token comes a second time (:rfc:`9700#section-4.14.2`)."""

from app import metrics
from app.audit.events import record_at_once
from app.clients.models import ClientSnapshot
from app.database.repeat import repeat
from app.oauth.grants.bearer import Origin
from app.oauth.tokens.family import revoke_family
from app.oauth.tokens.replay import add_token_replay
from app.oauth.wire_request import WireRequest


def end_replayed_family(request: WireRequest, origin: Origin, presented: str) -> None:
    """End the family, and tell the person and the organization, in one transaction of its own.

    Two parties hold what came twice, and one of them stole it: ending every token is the only safe answer. It commits
    before the refusal is raised. Only the replay that ended the family is told, so a storm of them is one event.
    """
    if origin.family_revoked_at is not None:
        return
    # Only a token of client credentials has neither family nor consent, and it never comes twice.
    assert origin.family_id is not None and origin.grant_id is not None
    family_id, grant_id = origin.family_id, origin.grant_id
    # A transaction of its own is repeated by itself, whatever was committed before it.
    repeat(lambda: _end_family(request, request.known_client, family_id, grant_id, presented))


def _end_family(request: WireRequest, client: ClientSnapshot, family_id: int, grant_id: str, presented: str) -> None:
    connection, sends_mail = request.connection, request.services.settings.sends_mail
    with connection.transaction():
        if revoke_family(connection, family_id):
            add_token_replay(connection, grant_id=grant_id, presented=presented, sends_mail=sends_mail)
            connection.once_committed(lambda: metrics.REPLAYED.inc(presented))
            record_at_once(
                connection,
                "client.replay_ended_tokens",
                organization_id=client.organization_id,
                client_key=client.key,
                presented=presented,
            )
