"""connections that go on as another

Revision 0025, after 0024. An earlier connection names the one that took over what it had. The version before leaves it
empty.
"""

import sqlalchemy as sa
from alembic import op

import migrations.types  # noqa: F401 - text compares by code point

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("consents", sa.Column("continued_by", sa.String(40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("consents") as batch_op:
        batch_op.drop_column("continued_by")
