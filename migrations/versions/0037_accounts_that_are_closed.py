"""accounts that are closed

Revision 0037, after 0036. Since when the operator keeps an account closed, when one goes for good because its person asked for
that, and who may use the operator's pages. The version before knows none of it, and goes on without.

The way down opens every account that was closed.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    # Not a table made anew: on SQLite that would drop its triggers.
    op.add_column("users", sa.Column("disabled_at", UtcDateTime(), nullable=True))
    op.add_column("users", sa.Column("deletes_at", UtcDateTime(), nullable=True))
    op.add_column("users", sa.Column("is_operator", sa.Boolean(), server_default=sa.false(), nullable=False))
    is_leaving = sa.text("deletes_at IS NOT NULL")
    op.create_index(
        op.f("ix_users_deletes_at"), "users", ["deletes_at"], sqlite_where=is_leaving, postgresql_where=is_leaving
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_users_deletes_at"), "users")
    op.drop_column("users", "is_operator")
    op.drop_column("users", "deletes_at")
    op.drop_column("users", "disabled_at")
