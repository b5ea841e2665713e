"""resource servers

Revision 0023, after 0022. A table of its own, and room for the names of several resources beside a code and a refresh
token: a column that is empty wherever the first one is wide enough, so that the version before reads what it knows.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0023"
down_revision = "0022"

_SEVERAL = ("oauth_codes", "oauth_refresh_tokens")


def upgrade() -> None:
    op.create_table(
        "client_resources",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("client_key", sa.String(40), nullable=False),
        sa.Column("address", sa.String(500), nullable=False),
        sa.Column("matched", sa.String(500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("proved_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_key"], ["clients.key"], name=op.f("fk_client_resources_client_key_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_resources")),
    )
    op.create_index(op.f("ix_client_resources_client_key"), "client_resources", ["client_key"])
    in_use = sa.text("proved_at IS NOT NULL AND ended_at IS NULL")
    op.create_index(
        "uq_client_resources_matched_in_use",
        "client_resources",
        ["matched"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )
    for table in _SEVERAL:
        # Not a table made anew: on SQLite that would drop its triggers.
        op.add_column(table, sa.Column("resources", sa.String(1000), nullable=True))


def downgrade() -> None:
    for table in _SEVERAL:
        op.drop_column(table, "resources")
    op.drop_table("client_resources")
