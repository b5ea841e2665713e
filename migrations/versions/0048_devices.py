"""devices

Revision 0048, after 0047. Whether people may connect an app's devices by a code, and what a device's request has that
no other has. The version before knows no such app and no such request, and finds none by a handle of its own.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0048"
down_revision = "0047"

_TABLE = "authorization_requests"
_DIGESTS = ("device_digest", "code_digest")
_COLUMNS: dict[str, sa.types.TypeEngine] = {
    **dict.fromkeys(_DIGESTS, sa.String(64)),
    "user_code": sa.String(9),
    "asked_from": sa.String(45),
    "poll_interval": sa.Integer(),
    "next_poll_at": UtcDateTime(),
}


def upgrade() -> None:
    # Not a table made anew: on SQLite that would drop its triggers.
    op.add_column("clients", sa.Column("device_flow", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name, type_ in _COLUMNS.items():
        op.add_column(_TABLE, sa.Column(name, type_, nullable=True))
    for name in _DIGESTS:
        is_there = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            op.f(f"ix_{_TABLE}_{name}"), _TABLE, [name], unique=True, sqlite_where=is_there, postgresql_where=is_there
        )


def downgrade() -> None:
    for name in _DIGESTS:
        op.drop_index(op.f(f"ix_{_TABLE}_{name}"), _TABLE)
    # Nobody could answer them.
    op.execute(sa.text(f"DELETE FROM {_TABLE} WHERE device_digest IS NOT NULL"))
    with op.batch_alter_table(_TABLE) as batch_op:
        for name in reversed(_COLUMNS):
            batch_op.drop_column(name)
    op.drop_column("clients", "device_flow")
