"""ids that do not run out

Revision 0045, after 0044. On PostgreSQL the ids of what is in mementos, and of what is never shared, were of four bytes:
after two thousand million rows, which one busy app writes within two years, nobody could have added another. SQLite
knows eight bytes alone. Both tables are written anew, for some seconds of a million rows, in which others wait.

The way down stops, and leaves everything as it is, where an id has become too large for the version before.
"""

from alembic import op

revision = "0045"
down_revision = "0044"


_TABLES = ("memento_contents", "never_shared")


def upgrade() -> None:
    _count_in("bigint")


def downgrade() -> None:
    _count_in("integer")


def _count_in(type_: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id TYPE {type_}")
        op.execute(f"ALTER SEQUENCE {table}_id_seq AS {type_}")
