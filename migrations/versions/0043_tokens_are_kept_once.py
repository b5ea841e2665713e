"""tokens are kept once

Revision 0043, after 0042. Drops what revision 0017 kept beside the tables of tokens for the version before that one: its
own four tables, the numbers of its families, and the triggers that wrote everything twice. No version that may still run
reads or writes them.

The way down makes them again, with what lives in the other tables, and the triggers where somebody has used the database.
"""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from alembic import op

from migrations.token_mirrors import (
    FAMILIES,
    TABLES,
    Dialect,
    Postgresql,
    Sqlite,
    as_old,
    old_names,
    postgresql_drops,
    postgresql_triggers,
    sqlite_drops,
    sqlite_triggers,
)
from migrations.types import UtcDateTime

revision = "0043"
down_revision = "0042"

_DROPPED = ("refresh_tokens", "access_tokens", "authorization_codes", "token_families", "token_family_numbers")
#: In the order in which the app reaches for them, so that whoever holds one waits for none that is taken here.
_HELD = "clients, consents, oauth_families, oauth_codes, oauth_access_tokens, oauth_refresh_tokens"


def upgrade() -> None:
    if _is_sqlite():
        _run(sqlite_drops())
    else:
        # The tables refer to two of these, and triggers hang on the others.
        op.execute(f"LOCK TABLE {_HELD} IN ACCESS EXCLUSIVE MODE")
        _run(postgresql_drops())
    for table in _DROPPED:
        op.drop_table(table)


def downgrade() -> None:
    if not _is_sqlite():
        # Others may read meanwhile. Who writes waits until the triggers are there; SQLite has no second writer.
        op.execute(f"LOCK TABLE {_HELD} IN SHARE ROW EXCLUSIVE MODE")
    _make_tables()
    _run(_copy(Sqlite if _is_sqlite() else Postgresql))
    if op.get_bind().exec_driver_sql(_IS_USED).scalar():
        _run(sqlite_triggers() if _is_sqlite() else postgresql_triggers())


_IS_USED = "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM clients)"


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _run(statements: Iterable[str]) -> None:
    connection = op.get_bind()
    schema = ""
    if connection.dialect.name != "sqlite":
        schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar() + "."
    for statement in statements:
        connection.exec_driver_sql(statement.replace("{schema}", schema))


def _copy(d: Dialect) -> Iterator[str]:
    """What the version before 0017 could know. A token for another resource than the API was nothing to it."""
    yield (
        f"INSERT INTO token_family_numbers (family_id, number) SELECT {d.new_family_id('id')}, id FROM oauth_families"
    )
    yield (
        f"INSERT INTO token_families (family_id, {old_names(FAMILIES)})"
        f" SELECT {d.new_family_id('new.id')}, {as_old(d, FAMILIES, 'new')} FROM oauth_families AS new"
    )
    for old, new, columns in TABLES:
        family = f"CASE WHEN new.family_id IS NOT NULL THEN {d.new_family_id('new.family_id')} END"
        yield (
            f"INSERT INTO {old} ({old_names(columns, old)})"
            f" SELECT {as_old(d, columns, 'new', family, old)} FROM {new} AS new"
            " WHERE new.audience = 'api' AND new.client_key IN (SELECT key FROM clients)"
        )


# -- tables --------------------------------------------------------------------------------------


def _make_tables() -> None:
    op.create_table(
        "token_family_numbers",
        sa.Column("family_id", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("family_id", name=op.f("pk_token_family_numbers")),
        sa.UniqueConstraint("number", name=op.f("uq_token_family_numbers_number")),
    )
    op.create_table(
        "token_families",
        sa.Column("family_id", sa.String(40), nullable=False),
        sa.Column("grant_id", sa.String(40), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
        _refer_to("consents.grant_id", "token_families", "grant_id"),
        sa.PrimaryKeyConstraint("family_id", name=op.f("pk_token_families")),
    )
    _make_table("authorization_codes", *_code_columns(), indexes=(("family_id",), ("expires_at",)))
    _make_table("access_tokens", *_access_columns(), indexes=(("client_id", "expires_at"),))
    _make_table("refresh_tokens", *_refresh_columns(), indexes=(("family_id",), ("expires_at",)))
    for column in ("grant_id", "issued_at"):
        op.create_index(op.f(f"ix_token_families_{column}"), "token_families", [column])
    has_family = sa.text("family_id IS NOT NULL")
    op.create_index(
        op.f("ix_access_tokens_family_id"),
        "access_tokens",
        ["family_id"],
        sqlite_where=has_family,
        postgresql_where=has_family,
    )


def _make_table(name: str, *columns: sa.Column | sa.ForeignKeyConstraint, indexes: tuple[tuple[str, ...], ...]) -> None:
    op.create_table(
        name,
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(1000), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        *columns,
        _refer_to("token_families.family_id", name, "family_id"),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{name}")),
    )
    for indexed in indexes:
        op.create_index(op.f(f"ix_{name}_{'_'.join(indexed)}"), name, list(indexed))


def _refer_to(column: str, table: str, name: str) -> sa.ForeignKeyConstraint:
    key = op.f(f"fk_{table}_{name}_{column.partition('.')[0]}")
    return sa.ForeignKeyConstraint([name], [column], name=key, ondelete="CASCADE")


def _code_columns() -> tuple[sa.Column, ...]:
    return (
        sa.Column("client_id", sa.String(60), nullable=False),
        sa.Column("family_id", sa.String(40), nullable=False),
        sa.Column("redirect_uri", sa.String(2000), nullable=False),
        sa.Column("code_challenge", sa.String(43)),
        sa.Column("redeemed_at", UtcDateTime()),
    )


def _access_columns() -> tuple[sa.Column | sa.ForeignKeyConstraint, ...]:
    return (
        sa.Column("hint", sa.String(4), nullable=False),
        sa.Column("client_id", sa.String(60), nullable=False),
        sa.Column("family_id", sa.String(40)),
        sa.Column("revoked_at", UtcDateTime()),
        _refer_to("clients.key", "access_tokens", "client_id"),
    )


def _refresh_columns() -> tuple[sa.Column, ...]:
    return (
        sa.Column("hint", sa.String(4), nullable=False),
        sa.Column("client_id", sa.String(60), nullable=False),
        sa.Column("family_id", sa.String(40), nullable=False),
        sa.Column("rotated_at", UtcDateTime()),
        sa.Column("successor_digest", sa.String(64)),
        sa.Column("successor_salt", sa.String(64)),
        sa.Column("repeats", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
    )
