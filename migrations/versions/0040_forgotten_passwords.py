"""forgotten passwords

Revision 0040, after 0039. Links that set a new password, and what a person is asked to look at afterwards. The version
before knows neither, and goes on without.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "password_resets",
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_digest", sa.String(64), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("new_password_hash", sa.String(200)),
        sa.Column("target", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_password_resets_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_password_resets")),
        sa.UniqueConstraint("digest", name=op.f("uq_password_resets_digest")),
    )
    op.create_index(op.f("ix_password_resets_expires_at"), "password_resets", ["expires_at"])
    op.create_table(
        "look_backs",
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("sign_ins", sa.JSON(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_look_backs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_look_backs")),
    )
    op.create_index(op.f("ix_look_backs_begun_at"), "look_backs", ["begun_at"])


def downgrade() -> None:
    op.drop_table("look_backs")
    op.drop_table("password_resets")
