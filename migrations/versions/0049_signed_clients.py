"""clients that sign

Revision 0049, after 0048. The public keys of clients that prove by a signature who they are, and the assertions that
were used. The version before knows no such client: it refuses an assertion, and a client that has nothing else.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0049"
down_revision = "0048"

_KEYS, _USED = "client_keys", "used_assertions"


def upgrade() -> None:
    op.create_table(
        _KEYS,
        sa.Column("client_key", sa.String(40), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=False),
        sa.Column("jwks_uri", sa.String(2000), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_key"], ["clients.key"], name=op.f(f"fk_{_KEYS}_client_key_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_key", name=op.f(f"pk_{_KEYS}")),
    )
    op.create_table(
        _USED,
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{_USED}")),
    )
    op.create_index(op.f(f"ix_{_USED}_expires_at"), _USED, ["expires_at"])


def downgrade() -> None:
    op.drop_table(_USED)
    op.drop_table(_KEYS)
