"""full-text search of memories

Revision 0003, after 0002. The index keeps itself: on PostgreSQL it is a generated column, on SQLite a table that
triggers write to. No model describes it, see ``app.memories.index``.

SQLite drops a table's triggers with the table, and batch mode replaces tables. A later revision that alters
``memories`` in batch mode must make them anew.
"""

from alembic import op

revision = '0003'
down_revision = '0002'

# Rows of the index are numbered by time: the milliseconds of created_at, and 2^20 places in each. So the index itself
# gives the newest matches first, and a range of time is a range of numbers.
_PLACES = 1 << 20
_MILLISECOND = (
    "(coalesce(CAST(strftime('%s', {row}.created_at) AS INTEGER), 0) * 1000"
    " + coalesce(CAST(substr({row}.created_at, 21, 3) AS INTEGER), 0))"
)
_FIRST = f"({_MILLISECOND} * {_PLACES})"
_INDEXED = (
    "replace({row}.integration_id, '_', '') || ' ' || {row}.folder, replace({row}.id, '_', ''), {row}.title, {row}.text"
)
_NUMBER = "(SELECT id FROM memory_search_rows WHERE memory_id = {row}.id)"
_ADD = (
    "INSERT INTO memory_search (rowid, place, memory, title, text)"
    f" VALUES ({_NUMBER}, {_INDEXED});"
)
# The index keeps no copy of the texts, so it is told what it is to forget.
_REMOVE = (
    "INSERT INTO memory_search (memory_search, rowid, place, memory, title, text)"
    f" VALUES ('delete', {_NUMBER}, {_INDEXED});"
)

_SQLITE = (
    "CREATE TABLE memory_search_rows (id INTEGER PRIMARY KEY, memory_id VARCHAR(40) NOT NULL UNIQUE)",
    "CREATE VIRTUAL TABLE memory_search USING fts5 (place, memory, title, text, content = '', columnsize = 0,"
    " tokenize = 'porter unicode61 remove_diacritics 2')",
    "INSERT INTO memory_search_rows (id, memory_id)"
    f" SELECT {_FIRST.format(row='m')} + row_number() OVER (PARTITION BY {_MILLISECOND.format(row='m')}) - 1, m.id"
    " FROM memories m",
    "INSERT INTO memory_search (rowid, place, memory, title, text)"
    f" SELECT r.id, {_INDEXED.format(row='m')} FROM memory_search_rows r JOIN memories m ON m.id = r.memory_id"
    " ORDER BY r.id",
    "CREATE TRIGGER memory_search_add AFTER INSERT ON memories BEGIN"
    " INSERT INTO memory_search_rows (id, memory_id) VALUES ("
    f" max({_FIRST.format(row='new')}, 1 + coalesce((SELECT max(id) FROM memory_search_rows"
    f" WHERE id < {_FIRST.format(row='new')} + {_PLACES}), {_FIRST.format(row='new')} - 1)), new.id);"
    f" {_ADD.format(row='new')} END",
    "CREATE TRIGGER memory_search_change AFTER UPDATE OF title, text, integration_id, folder ON memories BEGIN"
    f" {_REMOVE.format(row='old')} {_ADD.format(row='new')} END",
    "CREATE TRIGGER memory_search_remove AFTER DELETE ON memories BEGIN"
    f" {_REMOVE.format(row='old')} DELETE FROM memory_search_rows WHERE memory_id = old.id; END",
)
_SQLITE_DOWN = (
    "DROP TRIGGER memory_search_remove",
    "DROP TRIGGER memory_search_change",
    "DROP TRIGGER memory_search_add",
    "DROP TABLE memory_search",
    "DROP TABLE memory_search_rows",
)

# Punctuation becomes space, because the parser would otherwise take "and/or" for a path and "a.b" for a host.
_POSTGRESQL = (
    "CREATE TEXT SEARCH DICTIONARY {schema}.memory_search_stem (TEMPLATE = pg_catalog.snowball, LANGUAGE = english)",
    "CREATE TEXT SEARCH CONFIGURATION {schema}.memory_search (COPY = pg_catalog.simple)",
    "ALTER TEXT SEARCH CONFIGURATION {schema}.memory_search"
    " ALTER MAPPING FOR asciiword WITH {schema}.memory_search_stem",
    r"""
    CREATE FUNCTION {schema}.memory_search_words(text text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('{schema}.memory_search'::regconfig, regexp_replace(
            regexp_replace(normalize(text, NFKD), '[\u0300-\u036F]', '', 'g'),
            '[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u2000-\u206F\u3000-\u303F]+', ' ', 'g'))
    $$
    """,
    """
    CREATE FUNCTION {schema}.memory_search_places(id text, integration_id text, folder text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(id || array_agg(left(encode(sha256(convert_to(
            integration_id || '/' || array_to_string(parts[1:depth], '/'), 'UTF8')), 'hex'), 32)))
        FROM (SELECT string_to_array(folder, '/') AS parts) AS split, generate_series(0, cardinality(parts)) AS depth
    $$
    """,
    """
    ALTER TABLE memories ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
        setweight({schema}.memory_search_words(title), 'A')
        || setweight({schema}.memory_search_words(left(text, 100000)), 'D')
        || {schema}.memory_search_places(id, integration_id, folder)
    ) STORED
    """,
    "CREATE INDEX ix_memories_search_vector ON memories USING gin (search_vector)",
)
_POSTGRESQL_DOWN = (
    "DROP INDEX ix_memories_search_vector",
    "ALTER TABLE memories DROP COLUMN search_vector",
    "DROP FUNCTION {schema}.memory_search_places(text, text, text)",
    "DROP FUNCTION {schema}.memory_search_words(text)",
    "DROP TEXT SEARCH CONFIGURATION {schema}.memory_search",
    "DROP TEXT SEARCH DICTIONARY {schema}.memory_search_stem",
)


def upgrade() -> None:
    _run(_SQLITE, _POSTGRESQL)


def downgrade() -> None:
    _run(_SQLITE_DOWN, _POSTGRESQL_DOWN)


def _run(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in sqlite:
            connection.exec_driver_sql(statement)
        return
    # Named in full, so that a restored dump, which has an empty search path, can fill the column again.
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    for statement in postgresql:
        connection.exec_driver_sql(statement.replace("{schema}", schema))
