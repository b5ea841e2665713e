"""pushed requests

Revision 0047, after 0046. An authorization request may be sent before any browser opens it, so its browser need not be
known. Of a recorded request it is kept by which door it came in, where that is not the authorize endpoint itself. And an
app may say that it sends each of its requests like this.

The version before knows none of it: it opens no request without a browser, and shows what came in by another door among
those of the authorize endpoint.
"""

import sqlalchemy as sa
from alembic import op

import migrations.types  # noqa: F401 - text compares by code point

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    with op.batch_alter_table("authorization_requests") as batch_op:
        batch_op.alter_column("browser_digest", existing_type=sa.String(64), nullable=True)
    op.add_column("request_records", sa.Column("door", sa.String(9)))
    op.add_column("clients", sa.Column("require_pushed", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("clients", "require_pushed")
    op.drop_column("request_records", "door")
    op.execute("DELETE FROM authorization_requests WHERE browser_digest IS NULL")
    with op.batch_alter_table("authorization_requests") as batch_op:
        batch_op.alter_column("browser_digest", existing_type=sa.String(64), nullable=False)
