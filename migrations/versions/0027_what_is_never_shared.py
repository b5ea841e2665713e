"""what a person never shares, and what apps may do with memories that apps added

Revision 0027, after 0026. The version before leaves all of it empty, and reaches what it reached.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "never_shared",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("integration_id", sa.String(40), nullable=True),
        sa.Column("folder", sa.String(500), nullable=True),
        sa.Column("memory_id", sa.String(40), nullable=True),
        sa.Column("tag", sa.String(60), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(integration_id IS NOT NULL AND memory_id IS NULL AND tag IS NULL)"
            " OR (integration_id IS NULL AND memory_id IS NOT NULL AND tag IS NULL)"
            " OR (integration_id IS NULL AND memory_id IS NULL AND tag IS NOT NULL)",
            name=op.f("ck_never_shared_one_thing"),
        ),
        sa.CheckConstraint(
            "folder IS NULL OR integration_id IS NOT NULL", name=op.f("ck_never_shared_folder_of_integration")
        ),
        sa.CheckConstraint("folder <> ''", name=op.f("ck_never_shared_folder_not_empty")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_never_shared_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integrations.id"],
            name=op.f("fk_never_shared_integration_id_integrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name=op.f("fk_never_shared_memory_id_memories"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_never_shared")),
    )
    op.create_index(op.f("ix_never_shared_user_id"), "never_shared", ["user_id"])
    op.create_index(op.f("ix_never_shared_integration_id"), "never_shared", ["integration_id"])
    op.create_index(op.f("ix_never_shared_memory_id"), "never_shared", ["memory_id"])
    op.add_column("users", sa.Column("never_shares_at", UtcDateTime(), nullable=True))
    op.add_column("users", sa.Column("memory_setting", sa.String(20), nullable=True))
    op.add_column("consents", sa.Column("memory_setting", sa.String(20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("consents") as batch_op:
        batch_op.drop_column("memory_setting")
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_column("memory_setting")
        batch_op.drop_column("never_shares_at")
    op.drop_table("never_shared")
