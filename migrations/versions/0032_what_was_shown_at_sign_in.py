"""what was shown at sign-in

Revision 0032, after 0031. Each session says by what its person signed in; until now that was always the password. The
version before leaves the column to its default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("shown", sa.String(60), server_default="password", nullable=False))


def downgrade() -> None:
    op.drop_column("sessions", "shown")
