"""what accounts keep

Revision 0044, after 0043. How many memories each account keeps, and how many bytes their texts have. A row is made when
its account adds something for the first time, and counts what was there before. The version before knows none, and what
it adds while both run does not count.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.create_table(
        "memory_totals",
        sa.Column("owner_id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40)),
        sa.Column("organization_id", sa.String(40)),
        sa.Column("memory_count", sa.BigInteger(), nullable=False),
        sa.Column("text_bytes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (organization_id IS NULL)", name=op.f("ck_memory_totals_one_owner")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memory_totals_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_memory_totals_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_memory_totals")),
    )
    op.create_index(op.f("ix_memory_totals_user_id"), "memory_totals", ["user_id"])
    op.create_index(op.f("ix_memory_totals_organization_id"), "memory_totals", ["organization_id"])


def downgrade() -> None:
    op.drop_table("memory_totals")
