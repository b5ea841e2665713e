"""What somebody had ticked when their request ended: kept for an hour, for when the app asks again."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import bindparam, or_, select, update

from app import clock
from app.consents.choice import Choice
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Lines
from app.oauth.authorization_request.record import AuthorizationRequest, WaitingRequest

_KEPT = timedelta(hours=1)

_KEEP_TICKS = Statement(
    update(AuthorizationRequest)
    .where(
        AuthorizationRequest.digest == bindparam("handle_digest"),
        AuthorizationRequest.user_id == bindparam("user"),
        AuthorizationRequest.consumed_at.is_(None),
    )
    .values(
        selection=bindparam("chosen"),
        memento_ids=bindparam("chosen_ids", type_=Lines()),
        writable_ids=bindparam("chosen_writable_ids", type_=Lines()),
    )
)


class LeftTicks(Struct, frozen=True):
    """The last request of a person and an app in which something was chosen, or that was answered."""

    selection: str | None
    memento_ids: list[str]
    writable_ids: list[str]
    expires_at: datetime
    consumed_at: datetime | None

    @property
    def choice(self) -> Choice:
        """What was ticked."""
        return Choice(self.selection, {id: id in self.writable_ids for id in self.memento_ids})


_FIND_LEFT = Statement(
    select(
        AuthorizationRequest.selection,
        AuthorizationRequest.memento_ids,
        AuthorizationRequest.writable_ids,
        AuthorizationRequest.expires_at,
        AuthorizationRequest.consumed_at,
    )
    .where(
        AuthorizationRequest.user_id == bindparam("user"),
        AuthorizationRequest.client_key == bindparam("client"),
        or_(AuthorizationRequest.selection.is_not(None), AuthorizationRequest.consumed_at.is_not(None)),
    )
    .order_by(AuthorizationRequest.issued_at.desc())
    .limit(1),
    row=LeftTicks,
)


def keep_ticks(connection: Connection, ended: WaitingRequest, user_id: str, choice: Choice) -> bool:
    """Remember what was ticked on a page of a request that has ended unanswered. Returns False when it is another person's."""
    return (
        connection.run(
            _KEEP_TICKS,
            handle_digest=ended.digest,
            user=user_id,
            chosen=choice.selection,
            chosen_ids=list(choice.memento_ids),
            chosen_writable_ids=list(choice.writable_ids),
        )
        == 1
    )


def find_left_ticks(connection: Connection, user_id: str, client_key: str) -> LeftTicks | None:
    """Returns what the person had ticked for this app when its last request ended; None when they answered it."""
    left: LeftTicks | None = connection.first(_FIND_LEFT, user=user_id, client=client_key)
    if left is None or left.consumed_at is not None:
        return None
    now = clock.now()
    return left if left.expires_at <= now < left.expires_at + _KEPT else None
