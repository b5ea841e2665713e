"""clients that register themselves

Revision 0019, after 0018. A table of its own, which the version before does not look at.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "client_registrations",
        sa.Column("client_key", sa.String(40), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("default_scope", sa.String(1000), nullable=False),
        sa.Column("application_type", sa.String(6), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_key"],
            ["clients.key"],
            name=op.f("fk_client_registrations_client_key_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_key", name=op.f("pk_client_registrations")),
    )
    op.create_index(
        "ix_client_registrations_unused",
        "client_registrations",
        ["registered_at"],
        sqlite_where=sa.text("used_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("client_registrations")
