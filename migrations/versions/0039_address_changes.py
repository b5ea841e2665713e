"""changes of address

Revision 0039, after 0038. The changes of an account's address that wait to be confirmed, and those that can be taken
back. The version before knows none.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "address_changes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("was", sa.String(254), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("changed_at", UtcDateTime()),
        sa.Column("back_digest", sa.String(64)),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_address_changes_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("digest", name=op.f("uq_address_changes_digest")),
        sa.UniqueConstraint("back_digest", name=op.f("uq_address_changes_back_digest")),
    )
    op.create_index(op.f("ix_address_changes_user_id"), "address_changes", ["user_id"])
    op.create_index(op.f("ix_address_changes_expires_at"), "address_changes", ["expires_at"])


def downgrade() -> None:
    op.drop_table("address_changes")
