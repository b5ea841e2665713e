"""one registry

Revision 0016, after 0015. A client has a short key, which everything refers to, and beside it the id on the wire, which may
be an address of 500 characters; where it comes from; and when it ended. A client that nobody registered has no
organization. Of what is there, the key is the client id, so the columns that refer to it hold the key already and keep
their name.

The version before goes on working: it gives a client no key, so a trigger does. SQLite drops a table's triggers with the
table, and batch mode replaces tables: a later revision that alters ``clients`` there must make the trigger anew.

The way down deletes the clients that the version before cannot know, with what hangs on them: those that have ended, as
it deletes them itself, and those that nobody registered.
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'

_CHILDREN = (
    "access_tokens",
    "authorization_requests",
    "client_logos",
    "client_origins",
    "client_secrets",
    "consents",
    "idempotency_keys",
    "playground_callbacks",
    "request_records",
    "saved_mementos",
)
_OWNER = "organization_id IS NOT NULL OR origin <> 'registered' OR ended_at IS NOT NULL"

# SQLite can change a new row only once it is there.
_SQLITE_TRIGGER = (
    "CREATE TRIGGER clients_key AFTER INSERT ON clients WHEN new.key = ''"
    " BEGIN UPDATE clients SET key = new.client_id WHERE client_id = new.client_id; END"
)
_POSTGRESQL_FUNCTION = """
    CREATE FUNCTION {schema}.clients_key() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.key := NEW.client_id;
        RETURN NEW;
    END $$
"""
_POSTGRESQL_TRIGGER = (
    "CREATE TRIGGER clients_key BEFORE INSERT ON clients"
    " FOR EACH ROW WHEN (NEW.key = '') EXECUTE FUNCTION {schema}.clients_key()"
)


def upgrade() -> None:
    _let_go()
    op.add_column("clients", sa.Column("key", _text(40), server_default=sa.text("''"), nullable=False))
    op.add_column("clients", sa.Column("origin", _text(10), server_default=sa.text("'registered'"), nullable=False))
    op.add_column("clients", sa.Column("ended_at", _instant(), nullable=True))
    op.execute("UPDATE clients SET key = client_id")
    with op.batch_alter_table("clients") as batch_op:
        batch_op.drop_constraint("pk_clients", type_="primary")
        batch_op.create_primary_key("pk_clients", ["key"])
        batch_op.alter_column("client_id", existing_type=_text(60), type_=_text(500), existing_nullable=False)
        batch_op.alter_column("organization_id", existing_type=_text(40), nullable=True)
        batch_op.create_unique_constraint(op.f("uq_clients_client_id"), ["client_id"])
        batch_op.create_check_constraint(op.f("ck_clients_origin"), "origin IN ('registered', 'document', 'dynamic')")
        batch_op.create_check_constraint(op.f("ck_clients_owner"), _OWNER)
    _refer_to("key")
    if _is_sqlite():
        op.execute(_SQLITE_TRIGGER)
    else:
        _run_in_schema(_POSTGRESQL_FUNCTION)
        _run_in_schema(_POSTGRESQL_TRIGGER)


def downgrade() -> None:
    if _is_sqlite():
        op.execute("DROP TRIGGER clients_key")
    else:
        op.execute("DROP TRIGGER clients_key ON clients")
        _run_in_schema("DROP FUNCTION {schema}.clients_key()")
    op.execute("DELETE FROM clients WHERE organization_id IS NULL OR key <> client_id")
    _delete_what_hangs_on_nothing()
    _let_go()
    with op.batch_alter_table("clients") as batch_op:
        batch_op.drop_constraint(op.f("ck_clients_owner"), type_="check")
        batch_op.drop_constraint(op.f("ck_clients_origin"), type_="check")
        batch_op.drop_constraint(op.f("uq_clients_client_id"), type_="unique")
        batch_op.drop_constraint("pk_clients", type_="primary")
        batch_op.create_primary_key("pk_clients", ["client_id"])
        batch_op.alter_column("organization_id", existing_type=_text(40), nullable=False)
        batch_op.alter_column("client_id", existing_type=_text(500), type_=_text(60), existing_nullable=False)
    with op.batch_alter_table("clients") as batch_op:
        batch_op.drop_column("ended_at")
        batch_op.drop_column("origin")
        batch_op.drop_column("key")
    _refer_to("client_id")


def _let_go() -> None:
    """Drop the foreign keys to clients, so that the primary key can be another."""
    for table in () if _is_sqlite() else _CHILDREN:
        op.drop_constraint(_foreign_key(table), table, type_="foreignkey")


def _refer_to(column: str) -> None:
    """Have the tables refer to this column of clients. SQLite drops and makes in one go, since it copies the table."""
    for table in _CHILDREN:
        with op.batch_alter_table(table) as batch_op:
            if _is_sqlite():
                batch_op.drop_constraint(_foreign_key(table), type_="foreignkey")
            batch_op.create_foreign_key(_foreign_key(table), "clients", ["client_id"], [column], ondelete="CASCADE")


def _foreign_key(table: str) -> str:
    return op.f(f"fk_{table}_client_id_clients")


def _delete_what_hangs_on_nothing() -> None:
    """Delete the rows whose client is gone, and what hangs on those. PostgreSQL has done so by itself.

    SQLite does not during a migration: foreign keys are off then.
    """
    connection = op.get_bind()
    while _is_sqlite() and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
        for table, rowid, *_ in broken:
            connection.exec_driver_sql(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))


def _text(length: int) -> sa.types.TypeEngine:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _instant() -> sa.types.TypeEngine:
    return sa.String(32) if _is_sqlite() else sa.DateTime(timezone=True)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _run_in_schema(statement: str) -> None:
    connection = op.get_bind()
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    connection.exec_driver_sql(statement.replace("{schema}", schema))
