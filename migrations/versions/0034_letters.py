"""letters

Revision 0034, after 0033. The outbox, and the letters that only a server for one machine keeps. The version before knows
neither, and goes on without.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime()),
        sa.Column("over_at", UtcDateTime()),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("edition", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("claim", sa.String(40)),
        sa.Column("handed_over_at", UtcDateTime()),
        sa.Column("says", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
    )
    for column in ("next_at", "over_at", "state"):
        op.create_index(op.f(f"ix_outgoing_mail_{column}"), "outgoing_mail", [column])
    op.create_table(
        "local_mail",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_mail")),
    )
    op.create_index(op.f("ix_local_mail_sent_at"), "local_mail", ["sent_at"])


def downgrade() -> None:
    op.drop_table("local_mail")
    op.drop_table("outgoing_mail")
