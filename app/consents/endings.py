"""What becomes of consents when their app is deleted: they end, and what people can see of them stays."""

from sqlalchemy.orm import Session

from app.clients.life import when_client_ends
from app.consents.changes import end_consents_of_client
from app.consents.events import ADMIN, OPERATOR
from app.database.session_connection import SessionConnection


@when_client_ends("consents")
def end_consents(session: Session, client_key: str, actor_user_id: str | None) -> None:
    """End the consents of a client. What was chosen, receipts and the app's own mementos stay the person's."""
    end_consents_of_client(SessionConnection(session), client_key, actor=OPERATOR if actor_user_id is None else ADMIN)
