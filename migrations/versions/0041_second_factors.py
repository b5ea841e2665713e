"""second factors

Revision 0041, after 0040. One-time codes, recovery codes, sign-ins that wait for one of them, and whether an
organization asks its admins for one. The version before knows none of them; it has no second step.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0041"
down_revision = "0040"


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "one_time_codes",
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("sealed", sa.String(400), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("pending", sa.String(400), nullable=True),
        sa.Column("pending_at", UtcDateTime(), nullable=True),
        _of_user("one_time_codes"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_one_time_codes")),
    )
    op.create_index(op.f("ix_one_time_codes_pending_at"), "one_time_codes", ["pending_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        _of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])
    op.create_table(
        "waiting_sign_ins",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("shown", sa.String(60), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _of_user("waiting_sign_ins"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_waiting_sign_ins")),
    )
    op.create_index(op.f("ix_waiting_sign_ins_user_id_expires_at"), "waiting_sign_ins", ["user_id", "expires_at"])
    op.create_index(op.f("ix_waiting_sign_ins_expires_at"), "waiting_sign_ins", ["expires_at"])
    # Not a table made anew: on SQLite that would drop its triggers.
    op.add_column(
        "organizations", sa.Column("demands_second_factor", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("organizations", "demands_second_factor")
    op.drop_table("waiting_sign_ins")
    op.drop_table("recovery_codes")
    op.drop_table("one_time_codes")
