"""clients known by a document

Revision 0020, after 0019. A table of its own, which the version before does not look at.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "client_documents",
        sa.Column("client_key", sa.String(40), nullable=False),
        sa.Column("default_scope", sa.String(1000), nullable=False),
        sa.Column("application_type", sa.String(6), nullable=False),
        sa.Column("logo_uri", sa.String(2000), nullable=False),
        sa.Column("logo_read_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("fresh_until", UtcDateTime(), nullable=False),
        sa.Column("good_until", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_key"],
            ["clients.key"],
            name=op.f("fk_client_documents_client_key_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_key", name=op.f("pk_client_documents")),
    )
    op.create_index(
        "ix_client_documents_unused",
        "client_documents",
        ["registered_at"],
        sqlite_where=sa.text("used_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("client_documents")
