"""notices

Revision 0033, after 0032. What people are told of their account, what of it they chose not to be, and the networks that
they have signed in from. The version before knows none of it. By the new index of consents those are found that are
about to end.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0033"
down_revision = "0032"

_ENDING = sa.text("expires_at IS NOT NULL AND revoked_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("once", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("user_id", "once", name=op.f("uq_notices_user_id_once")),
    )
    op.create_index(op.f("ix_notices_user_id_at"), "notices", ["user_id", "at"])
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
    op.create_table(
        "notice_choices",
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("way", sa.String(4), nullable=False),
        sa.CheckConstraint("way IN ('page', 'off')", name=op.f("ck_notice_choices_way")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notice_choices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_choices")),
    )
    op.create_table(
        "known_places",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("network", sa.String(45), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_known_places_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_places")),
        sa.UniqueConstraint("user_id", "network", name=op.f("uq_known_places_user_id_network")),
    )
    op.create_index(op.f("ix_known_places_last_seen_at"), "known_places", ["last_seen_at"])
    op.create_index(
        op.f("ix_consents_expires_at"),
        "consents",
        ["expires_at"],
        sqlite_where=_ENDING,
        postgresql_where=_ENDING,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_consents_expires_at"), "consents")
    op.drop_table("known_places")
    op.drop_table("notice_choices")
    op.drop_table("notices")
