"""secrets that may stay

Revision 0042, after 0041. When somebody let a secret stay as it is that a person who left has seen. The version before
does not know it, and goes on without.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("client_secrets", sa.Column("let_pass_at", UtcDateTime()))


def downgrade() -> None:
    op.drop_column("client_secrets", "let_pass_at")
