"""apps that people find

Revision 0031, after 0030. Whether an app is public, which none is that was there before; and the apps that a person was
asked about and did not connect. The version before knows neither, and goes on without.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    # Not a table made anew: on SQLite that would drop its triggers.
    op.add_column("clients", sa.Column("published", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "asked_apps",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("client_key", sa.String(40), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_asked_apps_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_key"], ["clients.key"], name=op.f("fk_asked_apps_client_key_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked_apps")),
        sa.UniqueConstraint("user_id", "client_key", name=op.f("uq_asked_apps_user_id_client_key")),
    )
    op.create_index(op.f("ix_asked_apps_client_key"), "asked_apps", ["client_key"])
    op.create_index(op.f("ix_asked_apps_asked_at"), "asked_apps", ["asked_at"])


def downgrade() -> None:
    op.drop_table("asked_apps")
    op.drop_column("clients", "published")
