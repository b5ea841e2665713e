"""What becomes of consents when their app is deleted, or their person leaves: they end, and what people see of them stays."""

from sqlalchemy.orm import Session

from app.clients.life import EndedBy, when_client_ends
from app.consents import statements
from app.consents.changes import end, end_consents_of_client
from app.consents.events import ADMIN, APP, OPERATOR
from app.database.connections import Connection
from app.database.session_connection import SessionConnection

# Whoever runs the server has it end what nobody uses.
_ACTORS = {EndedBy.ADMIN: ADMIN, EndedBy.APP: APP, EndedBy.OPERATOR: OPERATOR, EndedBy.DISUSE: OPERATOR}


@when_client_ends("consents")
def end_consents(session: Session, client_key: str, by: EndedBy) -> None:
    """End the consents of a client. What was chosen, receipts and the app's own mementos stay the person's."""
    end_consents_of_client(SessionConnection(session), client_key, actor=_ACTORS[by])


def end_consents_of_person(connection: Connection, user_id: str) -> None:
    """End what a person allows every app, as they leave. The caller holds the person."""
    for row in connection.all(statements.LIST_OF_PERSON, user=user_id):
        end(connection, user_id, row.grant_id)
