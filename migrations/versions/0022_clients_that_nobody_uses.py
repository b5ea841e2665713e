"""clients that nobody uses

Revision 0022, after 0021. When the purge looks next whether anybody uses a client that no organization registered. What
the version before adds gets an instant long ago: the next purge looks at it, and says when it looks again.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    long_ago = sa.text("'1970-01-01 00:00:00.000000+00:00'")
    op.add_column("clients", sa.Column("review_at", UtcDateTime(), nullable=True, server_default=long_ago))
    op.execute("UPDATE clients SET review_at = NULL WHERE origin = 'registered' OR ended_at IS NOT NULL")
    is_reviewed = sa.text("review_at IS NOT NULL")
    op.create_index(
        op.f("ix_clients_review_at"),
        "clients",
        ["review_at"],
        sqlite_where=is_reviewed,
        postgresql_where=is_reviewed,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_clients_review_at"), "clients")
    op.drop_column("clients", "review_at")
