"""time zones

Revision 0036, after 0035. The time zone in which a person reads dates, which nobody has said yet. The version before
knows none and goes on without.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("users", sa.Column("time_zone", sa.String(64)))


def downgrade() -> None:
    op.drop_column("users", "time_zone")
