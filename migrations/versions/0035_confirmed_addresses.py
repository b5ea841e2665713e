"""confirmed addresses

Revision 0035, after 0034. Sign-ups that wait for a letter to be answered, and when somebody has shown that an address is
theirs, which nobody had before. The version before knows neither, and goes on without.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    # Not tables made anew: on SQLite that would drop their triggers.
    op.add_column("users", sa.Column("email_verified_at", UtcDateTime()))
    op.add_column("invitations", sa.Column("email", sa.String(254)))
    op.create_table(
        "sign_ups",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("browser_digest", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("organization_name", sa.String(100)),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sa.UniqueConstraint("browser_digest", name=op.f("uq_sign_ups_browser_digest")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_ups_digest")),
    )
    op.create_index(op.f("ix_sign_ups_email"), "sign_ups", ["email"])
    op.create_index(op.f("ix_sign_ups_expires_at"), "sign_ups", ["expires_at"])
    op.create_table(
        "address_confirmations",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_address_confirmations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_address_confirmations")),
    )
    op.create_index(op.f("ix_address_confirmations_user_id"), "address_confirmations", ["user_id"])
    op.create_index(op.f("ix_address_confirmations_expires_at"), "address_confirmations", ["expires_at"])


def downgrade() -> None:
    op.drop_table("address_confirmations")
    op.drop_table("sign_ups")
    op.drop_column("invitations", "email")
    op.drop_column("users", "email_verified_at")
