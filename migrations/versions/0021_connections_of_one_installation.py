"""connections of one installation each

Revision 0021, after 0020. A person may have several live connections of one app: one for each installation. So the index
goes that allowed one alone, which was kept for the version before the installations; since then every writer names the
installation. A connection has a name of its own, and a digest that says of a browser whether it was connected there.
What an app saves belongs to the installation that saved it.

The version before goes on working: it writes for the installation '' alone.

The way down ends the connections of single installations, which the version before cannot tell apart, and lets go of
what they saved: the mementos stay the person's.
"""

import sqlalchemy as sa
from alembic import op

import migrations.types  # noqa: F401 - text compares by code point

revision = "0021"
down_revision = "0020"

_UNREVOKED = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    op.drop_index("uq_consents_user_id_client_id_unrevoked", "consents")
    op.add_column("consents", sa.Column("name", sa.String(100), server_default=sa.text("''"), nullable=False))
    op.add_column("consents", sa.Column("browser_digest", sa.LargeBinary(32), nullable=True))
    op.add_column(
        "saved_mementos", sa.Column("installation", sa.String(64), server_default=sa.text("''"), nullable=False)
    )
    _set_key("user_id", "client_id", "installation")


def downgrade() -> None:
    now = "strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')" if _is_sqlite() else "now()"
    op.execute(f"UPDATE consents SET revoked_at = {now} WHERE revoked_at IS NULL AND installation <> ''")
    op.execute("DELETE FROM saved_mementos WHERE installation <> ''")
    _set_key("user_id", "client_id")
    with op.batch_alter_table("saved_mementos") as batch_op:
        batch_op.drop_column("installation")
    with op.batch_alter_table("consents") as batch_op:
        batch_op.drop_column("browser_digest")
        batch_op.drop_column("name")
    op.create_index(
        "uq_consents_user_id_client_id_unrevoked",
        "consents",
        ["user_id", "client_id"],
        unique=True,
        sqlite_where=_UNREVOKED,
        postgresql_where=_UNREVOKED,
    )


def _set_key(*columns: str) -> None:
    with op.batch_alter_table("saved_mementos") as batch_op:
        batch_op.drop_constraint("pk_saved_mementos", type_="primary")
        batch_op.create_primary_key("pk_saved_mementos", list(columns))


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
