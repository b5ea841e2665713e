"""tokens in their final shape

Revision 0017, after 0016. Codes, tokens and their families stand in new tables, beside the old ones: the digest as 32
bytes, the client's key, the audience, points in time as microseconds since 1970 (UTC), and families by number. The old
tables go with a later revision, which also drops ``token_family_numbers``, and the triggers and functions that are made
here: what each is called begins with ``mirror_``, see
``migrations.token_mirrors``.

Until then both versions may run on one database. What one of them issues, the other finds; a code or a refresh token that
both redeem at the same moment is redeemed by one of them; what one of them revokes, the other refuses. Triggers see to
that. An empty database has no older version beside it, so it gets none, and pays nothing.

On PostgreSQL the rows of the new tables decide: the older version's UPDATE asks there first, and changes nothing when it
comes too late. What the new version changes is written to the old tables too, but never waits for a row that the older
version holds, because that waits for the new row at this moment and is told then.
"""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from alembic import op

from migrations.token_mirrors import (
    DIGEST,
    FAMILIES,
    MARKS,
    TABLES,
    TIME,
    Dialect,
    Postgresql,
    SqliteInRevision,
    as_new,
    as_old,
    new_names,
    old_names,
    postgresql_drops,
    postgresql_triggers,
    sqlite_drops,
    sqlite_triggers,
)

revision = '0017'
down_revision = '0016'

def upgrade() -> None:
    d = _dialect()
    _make_tables()
    has_older_version = _has_older_version()
    if has_older_version:
        _run(_copy_up(d))
    _make_indexes()
    if has_older_version:
        _run(sqlite_triggers() if d is SqliteInRevision else postgresql_triggers())


def downgrade() -> None:
    d = _dialect()
    _run(sqlite_drops() if d is SqliteInRevision else postgresql_drops())
    _run(_copy_down(d))
    for table in ('oauth_refresh_tokens', 'oauth_access_tokens', 'oauth_codes', 'oauth_families', 'token_family_numbers'):
        op.drop_table(table)


def _dialect() -> Dialect:
    if op.get_bind().dialect.name != 'sqlite':
        return Postgresql
    SqliteInRevision.prepare(op.get_bind())
    return SqliteInRevision


def _has_older_version() -> bool:
    """Whether anybody has used this database: where nobody is known, nobody has a token, and no server is running."""
    somebody = 'SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM clients)'
    return bool(op.get_bind().exec_driver_sql(somebody).scalar())


def _run(statements: Iterable[str]) -> None:
    connection = op.get_bind()
    schema = ''
    if connection.dialect.name != 'sqlite':
        schema = connection.exec_driver_sql('SELECT quote_ident(current_schema())').scalar() + '.'
    for statement in statements:
        connection.exec_driver_sql(statement.replace('{schema}', schema))


# -- tables --------------------------------------------------------------------------------------


def _make_tables() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('token_family_numbers',
    sa.Column('family_id', sa.String(40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('family_id', name=op.f('pk_token_family_numbers')),
    sa.UniqueConstraint('number', name=op.f('uq_token_family_numbers_number'))
    )
    op.create_table('oauth_families',
    sa.Column('id', number, autoincrement=True, nullable=False),
    sa.Column('issued_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.Column('grant_id', sa.String(40), nullable=False),
    sa.ForeignKeyConstraint(['grant_id'], ['consents.grant_id'], name=op.f('fk_oauth_families_grant_id_consents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_families')),
    sqlite_autoincrement=True
    )
    # PostgreSQL keeps eight bytes together when they come first, and so needs no padding.
    op.create_table('oauth_codes',
    sa.Column('issued_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('redeemed_at', sa.BigInteger(), nullable=True),
    sa.Column('family_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.LargeBinary(32), nullable=False),
    sa.Column('client_key', sa.String(40), nullable=False),
    sa.Column('audience', sa.String(40), nullable=False),
    sa.Column('redirect_uri', sa.String(2000), nullable=False),
    sa.Column('scope', sa.String(1000), nullable=False),
    sa.Column('code_challenge', sa.String(43), nullable=True),
    _of_family('oauth_codes'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_oauth_codes'))
    )
    op.create_table('oauth_access_tokens',
    sa.Column('issued_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.Column('family_id', sa.BigInteger(), nullable=True),
    sa.Column('digest', sa.LargeBinary(32), nullable=False),
    sa.Column('client_key', sa.String(40), nullable=False),
    sa.Column('audience', sa.String(40), nullable=False),
    sa.Column('scope', sa.String(1000), nullable=False),
    _of_family('oauth_access_tokens'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_oauth_access_tokens'))
    )
    op.create_table('oauth_refresh_tokens',
    sa.Column('issued_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('rotated_at', sa.BigInteger(), nullable=True),
    sa.Column('family_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.LargeBinary(32), nullable=False),
    sa.Column('client_key', sa.String(40), nullable=False),
    sa.Column('audience', sa.String(40), nullable=False),
    sa.Column('scope', sa.String(1000), nullable=False),
    sa.Column('successor_digest', sa.LargeBinary(32), nullable=True),
    sa.Column('successor_salt', sa.LargeBinary(32), nullable=True),
    sa.Column('repeats', sa.SmallInteger(), server_default=sa.text('0'), nullable=False),
    _of_family('oauth_refresh_tokens'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_oauth_refresh_tokens'))
    )


def _of_family(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f'fk_{table}_family_id_oauth_families')
    return sa.ForeignKeyConstraint(['family_id'], ['oauth_families.id'], name=name, ondelete='CASCADE')


def _make_indexes() -> None:
    """Make them when the rows are there, which is much quicker than the other way round."""
    op.create_index(op.f('ix_oauth_families_grant_id'), 'oauth_families', ['grant_id'])
    for table in ('oauth_codes', 'oauth_refresh_tokens'):
        op.create_index(op.f(f'ix_{table}_family_id'), table, ['family_id'])
        op.create_index(op.f(f'ix_{table}_expires_at'), table, ['expires_at'])
    op.create_index(op.f('ix_oauth_access_tokens_expires_at'), 'oauth_access_tokens', ['expires_at'])
    # Each token is in one of these: it has a family, or it is the client's own.
    for column, condition in (('family_id', 'family_id IS NOT NULL'), ('client_key', 'family_id IS NULL')):
        where = sa.text(condition)
        op.create_index(op.f(f'ix_oauth_access_tokens_{column}'), 'oauth_access_tokens', [column], sqlite_where=where, postgresql_where=where)


# -- rows ----------------------------------------------------------------------------------------


def _copy_up(d: Dialect) -> Iterator[str]:
    if d is Postgresql:
        # Others may read meanwhile. Who writes waits until the triggers are there; SQLite has no second writer.
        yield f'LOCK TABLE token_families, {", ".join(old for old, _, _ in TABLES)} IN SHARE ROW EXCLUSIVE MODE'
        # They are made and checked as a whole when the rows are there, which is much quicker than row by row.
        for _, new, _ in TABLES:
            yield f'ALTER TABLE {new} DROP CONSTRAINT pk_{new}, DROP CONSTRAINT fk_{new}_family_id_oauth_families'
    else:
        # Digests come in no order; with too little memory each would have to be read from the disk.
        yield 'PRAGMA cache_size = -200000'
    yield (
        'INSERT INTO token_family_numbers (family_id, number)'
        ' SELECT family_id, row_number() OVER (ORDER BY issued_at, family_id) FROM token_families'
    )
    yield (
        f'INSERT INTO oauth_families (id, {new_names(FAMILIES)}) SELECT number, {as_new(d, FAMILIES, "old")}'
        ' FROM token_families AS old JOIN token_family_numbers AS numbers ON numbers.family_id = old.family_id'
        ' ORDER BY number'
    )
    if d is Postgresql:
        yield "SELECT setval('{schema}oauth_families_id_seq', coalesce((SELECT max(id) FROM oauth_families), 0) + 1, false)"
    for old, new, columns in TABLES:
        # In the order of issue, as the rows would have come.
        yield (
            f"INSERT INTO {new} ({new_names(columns)}, audience)"
            f" SELECT {as_new(d, columns, 'old', 'numbers.number')}, 'api' FROM {old} AS old"
            ' LEFT JOIN token_family_numbers AS numbers ON numbers.family_id = old.family_id ORDER BY old.issued_at'
        )
        if d is Postgresql:
            yield (
                f'ALTER TABLE {new} ADD CONSTRAINT pk_{new} PRIMARY KEY (digest),'
                f' ADD CONSTRAINT fk_{new}_family_id_oauth_families FOREIGN KEY (family_id)'
                ' REFERENCES oauth_families (id) ON DELETE CASCADE'
            )


def _copy_down(d: Dialect) -> Iterator[str]:
    """What was issued meanwhile, and what has happened to the rest. Another audience than the API is unknown there."""
    if d is Postgresql:
        # Where the planner knows nothing of the rows yet, it would look through all of one table for each of the other.
        yield 'SET LOCAL enable_nestloop = off'
    numbered = 'oauth_families AS new JOIN token_family_numbers AS numbers ON numbers.number = new.id'
    yield (
        f'INSERT INTO token_family_numbers (family_id, number) SELECT {d.new_family_id("id")}, id FROM oauth_families'
        ' WHERE NOT EXISTS (SELECT 1 FROM token_family_numbers AS known WHERE known.number = oauth_families.id)'
    )
    yield (
        f'INSERT INTO token_families (family_id, {old_names(FAMILIES)})'
        f' SELECT numbers.family_id, {as_old(d, FAMILIES, "new")} FROM {numbered}'
        ' WHERE NOT EXISTS (SELECT 1 FROM token_families AS older WHERE older.family_id = numbers.family_id)'
    )
    yield (
        f'UPDATE token_families SET revoked_at = (SELECT {d.to_old("new.revoked_at", TIME)} FROM {numbered}'
        ' WHERE numbers.family_id = token_families.family_id) WHERE revoked_at IS NULL AND family_id IN'
        f' (SELECT numbers.family_id FROM {numbered} WHERE new.revoked_at IS NOT NULL)'
    )
    for old, new, columns in TABLES:
        yield (
            f'INSERT INTO {old} ({old_names(columns, old)})'
            f' SELECT {as_old(d, columns, "new", "numbers.family_id", old)} FROM {new} AS new'
            ' LEFT JOIN token_family_numbers AS numbers ON numbers.number = new.family_id'
            f" WHERE new.audience = 'api'"
            f" AND NOT EXISTS (SELECT 1 FROM {old} AS older WHERE older.digest = {d.to_old('new.digest', DIGEST)})"
            f' AND new.client_key IN (SELECT key FROM clients)'
        )
        mark, open_ = MARKS[old], f'{MARKS[old][0][0]} IS NULL'
        values = ', '.join(
            f'{name} = (SELECT {d.to_old(f"new.{its}", kind)} FROM {new} AS new'
            f' WHERE new.digest = {d.to_new(f"{old}.digest", DIGEST)})'
            for name, its, kind in mark
        )
        yield (
            f'UPDATE {old} SET {values} WHERE {open_} AND digest IN'
            f' (SELECT {d.to_old("digest", DIGEST)} FROM {new} WHERE {mark[0][1]} IS NOT NULL)'
        )
