"""receipts in detail, for as long as a person says, and what was there before an app wrote

Revision 0026, after 0025. The version before writes none of it: what an app reads or writes through it has a receipt
without details, and is not to be undone. Everybody keeps receipts for 90 days, as until now.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import Lines, UtcDateTime

revision = "0026"
down_revision = "0025"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("users", sa.Column("receipts_days", sa.SmallInteger(), server_default=sa.text("90"), nullable=False))
    op.create_table(
        "receipt_details",
        sa.Column("id", _ID, nullable=False),
        sa.Column("grant_id", sa.String(40), nullable=False),
        sa.Column("minute", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("question_key", sa.String(64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('read', 'searched', 'added', 'changed', 'deleted', 'arranged')",
            name=op.f("ck_receipt_details_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consents.grant_id"], name=op.f("fk_receipt_details_grant_id_consents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_details")),
        sa.UniqueConstraint(
            "grant_id", "minute", "kind", "question_key",
            name=op.f("uq_receipt_details_grant_id_minute_kind_question_key"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_receipt_details_minute"), "receipt_details", ["minute"])
    op.create_table(
        "receipt_memories",
        sa.Column("detail_id", _ID, nullable=False),
        sa.Column("memory_id", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["detail_id"],
            ["receipt_details.id"],
            name=op.f("fk_receipt_memories_detail_id_receipt_details"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("detail_id", "memory_id", name=op.f("pk_receipt_memories")),
    )
    op.create_index(op.f("ix_receipt_memories_memory_id"), "receipt_memories", ["memory_id"])
    op.create_table(
        "receipt_writers",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_writers")),
    )
    op.create_index(op.f("ix_receipt_writers_seen_at"), "receipt_writers", ["seen_at"])
    _create_app_changes()


def _create_app_changes() -> None:
    op.create_table(
        "app_changes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("grant_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("memory_id", sa.String(40), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("integration_id", sa.String(40), nullable=False),
        sa.Column("integration_kind", sa.String(40), nullable=False),
        sa.Column("integration_name", sa.String(100), nullable=False),
        sa.Column("folder", sa.String(500), nullable=True),
        sa.Column("title", sa.String(300), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("source_url", sa.String(2000), nullable=True),
        sa.Column("tags", Lines(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=True),
        sa.Column("picks", Lines(), nullable=True),
        sa.CheckConstraint("kind IN ('added', 'changed', 'deleted')", name=op.f("ck_app_changes_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_app_changes_user_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["consents.grant_id"], name=op.f("fk_app_changes_grant_id_consents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_changes")),
    )
    op.create_index(op.f("ix_app_changes_user_id_last_at"), "app_changes", ["user_id", "last_at"])
    for column in ("grant_id", "memory_id", "last_at"):
        op.create_index(op.f(f"ix_app_changes_{column}"), "app_changes", [column])


def downgrade() -> None:
    op.drop_table("app_changes")
    op.drop_table("receipt_writers")
    op.drop_table("receipt_memories")
    op.drop_table("receipt_details")
    op.drop_column("users", "receipts_days")
