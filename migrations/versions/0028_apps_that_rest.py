"""apps that rest

Revision 0028, after 0027. When a person paused all their apps at once, and when they last said how one of them goes on.
A replay that was caught is an event, too; those that are still remembered become one.

The version before goes on working: it leaves both columns empty, and reads no kind of event that it does not know.

The way down forgets these events.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0028"
down_revision = "0027"

_KINDS = ("given", "widened", "narrowed", "paused", "resumed", "ended", "changed")

_TELL_REPLAYS = """
INSERT INTO consent_events (user_id, grant_id, client_key, client_name, at, kind, actor, changed)
SELECT consents.user_id, consents.grant_id, consents.client_id, clients.name, token_replays.at, 'replayed', 'app',
    '{"presented": "' || token_replays.presented || '"}'
FROM token_replays
JOIN consents ON consents.grant_id = token_replays.grant_id
JOIN clients ON clients.key = consents.client_id
ORDER BY token_replays.at
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("frozen_at", UtcDateTime(), nullable=True))
    op.add_column("consents", sa.Column("decided_at", UtcDateTime(), nullable=True))
    _allow_kinds(*_KINDS, "replayed")
    op.execute(_TELL_REPLAYS)


def downgrade() -> None:
    op.execute("DELETE FROM consent_events WHERE kind = 'replayed'")
    _allow_kinds(*_KINDS)
    with op.batch_alter_table("consents") as batch_op:
        batch_op.drop_column("decided_at")
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_column("frozen_at")


def _allow_kinds(*kinds: str) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("consent_events") as batch_op:
        batch_op.drop_constraint(op.f("ck_consent_events_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_consent_events_kind"), f"kind IN ({allowed})")
