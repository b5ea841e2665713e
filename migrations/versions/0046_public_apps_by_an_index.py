"""public apps by an index

Revision 0046, after 0045. Each consent screen asks whether the app's name looks like a public one's, for which all apps
were gone through, with those that have registered themselves.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.create_index(
        op.f("ix_clients_created_at"),
        "clients",
        ["created_at"],
        sqlite_where=sa.text("published = 1"),
        postgresql_where=sa.text("published"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_clients_created_at"), "clients")
