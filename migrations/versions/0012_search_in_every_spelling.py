"""search in every spelling, and text compared by code point

Revision 0012, after 0011. The index holds the words that ``app.folding`` makes of a title and a text; the
columns with them are filled by the program, and ``migrations/env.py`` has it fold what is there, batch by batch.
A memory of the version before is indexed by the words that the database finds in it, until it is folded too.

Text columns that a database made with its own collation get the collation "C" on PostgreSQL; new ones have it by
``migrations.types``. The way down leaves them so, as every version works with it.

The notes in revision 0003 hold: a later revision that alters ``memories`` in SQLite's batch mode must make the triggers
anew.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = '0012'
down_revision = '0011'

_PLACES = 1 << 20
_MILLISECOND = (
    "(coalesce(CAST(strftime('%s', {row}.created_at) AS INTEGER), 0) * 1000"
    " + coalesce(CAST(substr({row}.created_at, 21, 3) AS INTEGER), 0))"
)
_FIRST = f"({_MILLISECOND} * {_PLACES})"
_NUMBER = "(SELECT id FROM memory_search_rows WHERE memory_id = {row}.id)"
_PLACE = "replace({row}.integration_id, '_', '') || ' ' || {row}.folder, replace({row}.id, '_', '')"
# Words count only for the version of the memory that they were made of.
_IS_FOLDED = "{row}.folded_at IS {row}.updated_at"
_TITLE = f"CASE WHEN {_IS_FOLDED} THEN coalesce({{row}}.title_words, {{row}}.title) ELSE {{row}}.title END"
_TEXT = f"CASE WHEN {_IS_FOLDED} THEN coalesce({{row}}.text_words, {{row}}.text) ELSE {{row}}.text END"
_FOLDED = f"{_PLACE}, {_TITLE}, {_TEXT}"
_RAW = f"{_PLACE}, {{row}}.title, {{row}}.text"
_COLUMNS = "place, memory, title, text, content = '', columnsize = 0"


def _make_index(indexed: str, tokenizer: str) -> tuple[str, ...]:
    """Statements that make SQLite's index, of these expressions, and fill it."""
    add = f"INSERT INTO memory_search (rowid, place, memory, title, text) VALUES ({_NUMBER}, {indexed});"
    # The index keeps no copy of the texts, so it is told what it is to forget.
    remove = (
        "INSERT INTO memory_search (memory_search, rowid, place, memory, title, text)"
        f" VALUES ('delete', {_NUMBER}, {indexed});"
    )
    old, new = f"{_PLACE}, {_TITLE}, {_TEXT}".format(row="old"), f"{_PLACE}, {_TITLE}, {_TEXT}".format(row="new")
    when = f"WHEN ({old}) IS NOT ({new}) " if indexed == _FOLDED else ""
    of = "" if indexed == _FOLDED else "OF title, text, integration_id, folder "
    return (
        f"CREATE VIRTUAL TABLE memory_search USING fts5 ({_COLUMNS}, tokenize = '{tokenizer}')",
        "INSERT INTO memory_search (rowid, place, memory, title, text)"
        f" SELECT r.id, {indexed.format(row='m')} FROM memory_search_rows r JOIN memories m ON m.id = r.memory_id"
        " ORDER BY r.id",
        "CREATE TRIGGER memory_search_add AFTER INSERT ON memories BEGIN"
        " INSERT INTO memory_search_rows (id, memory_id) VALUES ("
        f" max({_FIRST.format(row='new')}, 1 + coalesce((SELECT max(id) FROM memory_search_rows"
        f" WHERE id < {_FIRST.format(row='new')} + {_PLACES}), {_FIRST.format(row='new')} - 1)), new.id);"
        f" {add.format(row='new')} END",
        f"CREATE TRIGGER memory_search_change AFTER UPDATE {of}ON memories {when}BEGIN"
        f" {remove.format(row='old')} {add.format(row='new')} END",
        "CREATE TRIGGER memory_search_remove AFTER DELETE ON memories BEGIN"
        f" {remove.format(row='old')} DELETE FROM memory_search_rows WHERE memory_id = old.id; END",
    )


_DROP_INDEX = (
    "DROP TRIGGER memory_search_remove",
    "DROP TRIGGER memory_search_change",
    "DROP TRIGGER memory_search_add",
    "DROP TABLE memory_search",
)

# All text columns of a table in one statement, so that its indexes are built once.
_COMPARE_BY_CODE_POINT = r"""
    DO $$
    DECLARE statement text;
    BEGIN
        FOR statement IN
            SELECT 'ALTER TABLE ' || attrelid::regclass || string_agg(' ALTER COLUMN ' || quote_ident(attname)
                || ' TYPE ' || format_type(atttypid, atttypmod) || ' COLLATE "C"', ',')
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace AND relname <> 'alembic_version'
                AND attnum > 0 AND NOT attisdropped AND attcollation = 'pg_catalog."default"'::regcollation
            GROUP BY attrelid
        LOOP
            EXECUTE statement;
        END LOOP;
    END $$
"""

_POSTGRESQL = (
    "ALTER TABLE memories ALTER COLUMN search_vector DROP EXPRESSION",
    _COMPARE_BY_CODE_POINT,
    """
    CREATE FUNCTION {schema}.memory_search_lexeme(word text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN word COLLATE "C" ~ '^[a-z]{1,60}$' THEN coalesce(
            (ts_lexize('{schema}.memory_search_stem'::regdictionary, word))[1], word) ELSE left(word, 60) END
    $$
    """,
    # A vector knows no place beyond 16383, and at most 255 of one lexeme. Of one that has more, that place has the
    # weight C, which says that it may be anywhere. Room is left for a title's places before those of the text.
    r"""
    CREATE FUNCTION {schema}.memory_search_vector(words text, weight text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT coalesce(string_agg(
            '''' || lexeme || ''':' || coalesce(array_to_string(places[1:200], weight || ',') || weight, '')
            || CASE WHEN count > coalesce(cardinality(places[1:200]), 0)
                THEN CASE WHEN places IS NULL THEN '' ELSE ',' END || '16383C' ELSE '' END, ' '), '')::tsvector
        FROM (
            SELECT lexeme, count(*), array_agg(place ORDER BY place) FILTER (WHERE place <= 14000) AS places
            FROM (
                SELECT {schema}.memory_search_lexeme(word) AS lexeme, place
                FROM unnest(string_to_array(btrim(regexp_replace(lower(words COLLATE "C"),
                    '[\u0001-\u002F\u003A-\u0060\u007B-\u007F]+', ' ', 'g')), ' ')) WITH ORDINALITY AS one(word, place)
                WHERE word <> ''
            ) AS lexemes
            GROUP BY lexeme
        ) AS grouped
    $$
    """,
    # Words next to each other; or all of them, where a place is not told exactly.
    """
    CREATE FUNCTION {schema}.memory_search_phrase(words text, is_prefix boolean) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN count(*) = 1 THEN min(lexeme) || min(ending) ELSE
            '(' || string_agg(lexeme || ending, ' <-> ' ORDER BY place) || ') | ('
            || string_agg(lexeme || ending, ' & ') || ' & ('
            || string_agg(lexeme || ':C' || ltrim(ending, ':'), ' | ') || '))' END::tsquery
        FROM (
            SELECT '''' || {schema}.memory_search_lexeme(word) || '''' AS lexeme, place,
                CASE WHEN is_prefix AND place = count(*) OVER () THEN ':*' ELSE '' END AS ending
            FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS one(word, place)
        ) AS lexemes
    $$
    """,
    """
    CREATE FUNCTION {schema}.memory_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        is_folded boolean := NEW.folded_at IS NOT DISTINCT FROM NEW.updated_at;
    BEGIN
        IF TG_OP = 'UPDATE' AND (is_folded, NEW.id, NEW.integration_id, NEW.folder, NEW.title, NEW.text,
                NEW.title_words, NEW.text_words) IS NOT DISTINCT FROM (
                OLD.folded_at IS NOT DISTINCT FROM OLD.updated_at, OLD.id, OLD.integration_id, OLD.folder, OLD.title,
                OLD.text, OLD.title_words, OLD.text_words) THEN
            RETURN NEW;
        END IF;
        NEW.search_vector :=
            {schema}.memory_search_vector(CASE WHEN is_folded THEN coalesce(NEW.title_words, NEW.title)
                ELSE NEW.title END, 'A')
            || {schema}.memory_search_vector(CASE WHEN is_folded THEN coalesce(NEW.text_words, NEW.text)
                ELSE left(NEW.text, 100000) END, 'D')
            || {schema}.memory_search_places(NEW.id, NEW.integration_id, NEW.folder);
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER memory_search_keep BEFORE INSERT OR UPDATE ON memories"
    " FOR EACH ROW EXECUTE FUNCTION {schema}.memory_search_keep()",
)

_POSTGRESQL_DOWN = (
    "DROP TRIGGER memory_search_keep ON memories",
    "DROP FUNCTION {schema}.memory_search_keep()",
    "DROP FUNCTION {schema}.memory_search_phrase(text, boolean)",
    "DROP FUNCTION {schema}.memory_search_vector(text, text)",
    "DROP FUNCTION {schema}.memory_search_lexeme(text)",
    "DROP INDEX ix_memories_search_vector",
    "ALTER TABLE memories DROP COLUMN search_vector",
    # As revision 0003 made it, but for the bounds: some texts grow so much that no vector could hold them.
    r"""
    CREATE OR REPLACE FUNCTION {schema}.memory_search_words(text text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('{schema}.memory_search'::regconfig, left(regexp_replace(
            regexp_replace(normalize(text, NFKD), '[\u0300-\u036F]', '', 'g'),
            '[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u2000-\u206F\u3000-\u303F]+', ' ', 'g'), 100000))
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


def upgrade() -> None:
    _run(_DROP_INDEX, ())
    for name, type_ in (('title_words', sa.Text()), ('text_words', sa.Text()), ('folded_at', UtcDateTime())):
        op.add_column('memories', sa.Column(name, type_, nullable=True))
    is_unfolded = sa.column('folded_at').is_distinct_from(sa.column('updated_at'))
    op.create_index('ix_memories_unfolded', 'memories', ['id'], sqlite_where=is_unfolded, postgresql_where=is_unfolded)
    _run(_make_index(_FOLDED, 'porter ascii'), _POSTGRESQL)


def downgrade() -> None:
    _run(_DROP_INDEX, _POSTGRESQL_DOWN)
    op.drop_index('ix_memories_unfolded', table_name='memories')
    for name in ('title_words', 'text_words', 'folded_at'):
        op.drop_column('memories', name)
    _run(_make_index(_RAW, 'porter unicode61 remove_diacritics 2'), ())


def _run(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in sqlite:
            connection.exec_driver_sql(statement)
        return
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    for statement in postgresql:
        connection.exec_driver_sql(statement.replace("{schema}", schema))
