"""Two generations of token tables kept the same by triggers, for revision "tokens in their final shape".

Frozen like the revision itself. The triggers name no other tables than these: SQLite refuses to rename a table that a
trigger names, and later revisions replace ``clients`` and ``consents`` by renaming.
"""

from collections.abc import Iterator

from sqlalchemy import Connection

# What a column holds: a text or number as it is, a digest, a point in time, or a family.
PLAIN, DIGEST, TIME, FAMILY = 'plain', 'digest', 'time', 'family'

#: Of each pair of tables, old and new, that know their rows by a digest: the columns, old and new.
Columns = tuple[tuple[str, str, str], ...]
_SHARED: Columns = (
    ('digest', 'digest', DIGEST),
    ('client_id', 'client_key', PLAIN),
    ('family_id', 'family_id', FAMILY),
    ('scope', 'scope', PLAIN),
    ('issued_at', 'issued_at', TIME),
    ('expires_at', 'expires_at', TIME),
)
_CODE: Columns = (('redirect_uri', 'redirect_uri', PLAIN), ('code_challenge', 'code_challenge', PLAIN))
_SUCCESSOR: Columns = (
    ('rotated_at', 'rotated_at', TIME),
    ('successor_digest', 'successor_digest', DIGEST),
    ('successor_salt', 'successor_salt', DIGEST),
)
TABLES: tuple[tuple[str, str, Columns], ...] = (
    ('authorization_codes', 'oauth_codes', (*_SHARED, *_CODE, ('redeemed_at', 'redeemed_at', TIME))),
    ('access_tokens', 'oauth_access_tokens', (*_SHARED, ('revoked_at', 'revoked_at', TIME))),
    ('refresh_tokens', 'oauth_refresh_tokens', (*_SHARED, *_SUCCESSOR, ('repeats', 'repeats', PLAIN))),
)
FAMILIES: Columns = (('grant_id', 'grant_id', PLAIN), ('issued_at', 'issued_at', TIME), ('revoked_at', 'revoked_at', TIME))
#: What happens to a row once, and its first column tells whether it has.
MARKS: dict[str, Columns] = {
    'authorization_codes': (('redeemed_at', 'redeemed_at', TIME),),
    'access_tokens': (('revoked_at', 'revoked_at', TIME),),
    'refresh_tokens': _SUCCESSOR,
}
#: What the old tables demand and the new ones no longer have.
WITHOUT = {'authorization_codes': {}, 'access_tokens': {'hint': "''"}, 'refresh_tokens': {'hint': "''"}}

_BYTES = bytes(range(256)).hex()


class Sqlite:
    """How SQLite says it."""

    name = 'sqlite'

    @staticmethod
    def to_new(value: str, kind: str) -> str:
        """Returns an old column's value as the new column holds it."""
        if kind == TIME:
            return f"(CAST(strftime('%s', substr({value}, 1, 19)) AS INTEGER) * 1000000 + CAST(substr({value}, 21, 6) AS INTEGER))"
        if kind != DIGEST:
            return value
        # SQLite has a function for this from 3.41 on.
        each = ' || '.join(
            f'substr(b, 16 * instr(d, substr(h, {place}, 1)) + instr(d, substr(h, {place + 1}, 1)) - 16, 1)'
            for place in range(1, 64, 2)
        )
        return f"(SELECT CAST({each} AS BLOB) FROM (SELECT x'{_BYTES}' AS b, '0123456789abcdef' AS d, {value} AS h))"

    @staticmethod
    def to_old(value: str, kind: str) -> str:
        """Returns a new column's value as the old column holds it."""
        if kind == TIME:
            return f"(strftime('%Y-%m-%d %H:%M:%S', {value} / 1000000, 'unixepoch') || printf('.%06d+00:00', {value} % 1000000))"
        # hex() of NULL is not NULL.
        return f'lower(nullif(hex({value}), \'\'))' if kind == DIGEST else value

    @staticmethod
    def new_family_id(number: str) -> str:
        """Returns the id under which the old tables know a family that the new version has made."""
        return f"('fam_' || printf('%024x', {number}))"


class SqliteInRevision(Sqlite):
    """How SQLite says it within a revision, which has a function of Python's for what a trigger must spell out."""

    @staticmethod
    def prepare(connection: Connection) -> None:
        """Give the connection that function."""
        driver = connection.connection.dbapi_connection
        driver.create_function('from_hex', 1, lambda digits: None if digits is None else bytes.fromhex(digits))

    @staticmethod
    def to_new(value: str, kind: str) -> str:
        """Returns an old column's value as the new column holds it."""
        return f'from_hex({value})' if kind == DIGEST else Sqlite.to_new(value, kind)


class Postgresql:
    """How PostgreSQL says it."""

    name = 'postgresql'

    @staticmethod
    def to_new(value: str, kind: str) -> str:
        """Returns an old column's value as the new column holds it."""
        if kind == TIME:
            return f'(extract(epoch FROM {value}) * 1000000)::bigint'
        return f"decode({value}, 'hex')" if kind == DIGEST else value

    @staticmethod
    def to_old(value: str, kind: str) -> str:
        """Returns a new column's value as the old column holds it."""
        if kind == TIME:
            return f"(timestamptz '1970-01-01 00:00:00+00' + {value} * interval '1 microsecond')"
        return f"encode({value}, 'hex')" if kind == DIGEST else value

    @staticmethod
    def new_family_id(number: str) -> str:
        """Returns the id under which the old tables know a family that the new version has made."""
        return f"('fam_' || lpad(to_hex({number}), 24, '0'))"


Dialect = type[Sqlite] | type[Postgresql]


def old_names(columns: Columns, old: str = '') -> str:
    """Returns the columns of an old table, with those that the new one no longer has."""
    return ', '.join([*(column[0] for column in columns), *WITHOUT.get(old, {})])


def new_names(columns: Columns) -> str:
    """Returns the columns of a new table."""
    return ', '.join(column[1] for column in columns)


def as_new(dialect: Dialect, columns: Columns, row: str, family: str = '') -> str:
    """Returns an old row's values for :func:`new_names`."""
    return ', '.join(family if kind == FAMILY else dialect.to_new(f'{row}.{old}', kind) for old, _, kind in columns)


def as_old(dialect: Dialect, columns: Columns, row: str, family: str = '', old: str = '') -> str:
    """Returns a new row's values for :func:`old_names`."""
    values = [family if kind == FAMILY else dialect.to_old(f'{row}.{new}', kind) for _, new, kind in columns]
    return ', '.join([*values, *WITHOUT.get(old, {}).values()])


def _marks_as_new(dialect: Dialect, marks: Columns, row: str) -> str:
    return ', '.join(f'{new} = {dialect.to_new(f"{row}.{old}", kind)}' for old, new, kind in marks)


def _marks_as_old(dialect: Dialect, marks: Columns, row: str) -> str:
    return ', '.join(f'{old} = {dialect.to_old(f"{row}.{new}", kind)}' for old, new, kind in marks)


_NUMBER = '(SELECT number FROM {schema}token_family_numbers WHERE family_id = NEW.family_id)'
_FAMILY_ID = '(SELECT family_id FROM {schema}token_family_numbers WHERE number = NEW.family_id)'
# A token for another resource is unknown to the older version, which would take it for one of the API.
_IS_KNOWN = "NEW.audience = 'api' AND (NEW.family_id IS NULL OR {family} IS NOT NULL)".replace('{family}', _FAMILY_ID)


# -- SQLite --------------------------------------------------------------------------------------
# It has one writer at a time, so whoever comes second finds what the first has written.


def sqlite_triggers() -> Iterator[str]:
    """Returns the statements that make the triggers; ``{schema}`` stands for nothing."""
    d = Sqlite
    yield (
        'CREATE TRIGGER mirror_token_families_insert AFTER INSERT ON token_families'
        ' WHEN NOT EXISTS (SELECT 1 FROM token_family_numbers WHERE family_id = NEW.family_id) BEGIN'
        ' INSERT INTO token_family_numbers (family_id, number) VALUES (NEW.family_id,'
        " 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'oauth_families'), 0));"
        f' INSERT INTO oauth_families (id, {new_names(FAMILIES)})'
        f' SELECT {_NUMBER}, {as_new(d, FAMILIES, "NEW")}; END'
    )
    yield (
        'CREATE TRIGGER mirror_oauth_families_insert AFTER INSERT ON oauth_families'
        ' WHEN NOT EXISTS (SELECT 1 FROM token_family_numbers WHERE number = NEW.id) BEGIN'
        f' INSERT INTO token_family_numbers (family_id, number) VALUES ({d.new_family_id("NEW.id")}, NEW.id);'
        f' INSERT INTO token_families (family_id, {old_names(FAMILIES)})'
        f' VALUES ({d.new_family_id("NEW.id")}, {as_old(d, FAMILIES, "NEW")}); END'
    )
    yield (
        'CREATE TRIGGER mirror_token_families_update AFTER UPDATE OF revoked_at ON token_families'
        ' WHEN NEW.revoked_at IS NOT NULL BEGIN'
        f' UPDATE oauth_families SET revoked_at = {d.to_new("NEW.revoked_at", TIME)}'
        f' WHERE id = {_NUMBER} AND revoked_at IS NULL; END'
    )
    yield (
        'CREATE TRIGGER mirror_oauth_families_update AFTER UPDATE OF revoked_at ON oauth_families'
        ' WHEN NEW.revoked_at IS NOT NULL BEGIN'
        f' UPDATE token_families SET revoked_at = {d.to_old("NEW.revoked_at", TIME)} WHERE revoked_at IS NULL'
        ' AND family_id = (SELECT family_id FROM token_family_numbers WHERE number = NEW.id); END'
    )
    yield (
        'CREATE TRIGGER mirror_oauth_families_delete AFTER DELETE ON oauth_families BEGIN'
        ' DELETE FROM token_families'
        ' WHERE family_id = (SELECT family_id FROM token_family_numbers WHERE number = OLD.id);'
        ' DELETE FROM token_family_numbers WHERE number = OLD.id; END'
    )
    for old, new, columns in TABLES:
        yield from _sqlite_triggers_of(old, new, columns, MARKS[old])


def _sqlite_triggers_of(old: str, new: str, columns: Columns, marks: Columns) -> Iterator[str]:
    d = Sqlite
    new_digest, old_digest = d.to_new('NEW.digest', DIGEST), d.to_old('NEW.digest', DIGEST)
    first = marks[0][0]
    changes = [(', '.join(column[0] for column in marks), f'NEW.{first} IS NOT NULL', f'{first} IS NULL', marks)]
    if old == 'refresh_tokens':
        changes.append(('repeats', 'NEW.repeats > OLD.repeats', 'repeats < NEW.repeats', (('repeats', 'repeats', PLAIN),)))
    # What the new version has made comes by here, too, and must not cost what a digest costs: it has no hint, and a
    # family has few codes.
    is_theirs = (
        "NEW.hint <> ''"
        if 'hint' in WITHOUT[old]
        else f'NOT EXISTS (SELECT 1 FROM {new} WHERE family_id = {_NUMBER} AND {d.to_old("digest", DIGEST)} = NEW.digest)'
    )
    yield (
        f'CREATE TRIGGER mirror_{old}_insert AFTER INSERT ON {old} WHEN {is_theirs} BEGIN'
        f" INSERT INTO {new} ({new_names(columns)}, audience) VALUES ({as_new(d, columns, 'NEW', _NUMBER)}, 'api'); END"
    )
    yield (
        f'CREATE TRIGGER mirror_{new}_insert AFTER INSERT ON {new} WHEN {_IS_KNOWN} BEGIN'
        f' INSERT INTO {old} ({old_names(columns, old)}) SELECT {as_old(d, columns, "NEW", _FAMILY_ID, old)}'
        f' WHERE NOT EXISTS (SELECT 1 FROM {old} WHERE digest = {old_digest}); END'
    )
    for place, (names, has_changed, is_open, values) in enumerate(changes):
        yield (
            f'CREATE TRIGGER mirror_{old}_update{place} AFTER UPDATE OF {names} ON {old} WHEN {has_changed} BEGIN'
            f' UPDATE {new} SET {_marks_as_new(d, values, "NEW")} WHERE digest = {new_digest} AND {is_open}; END'
        )
        yield (
            f'CREATE TRIGGER mirror_{new}_update{place} AFTER UPDATE OF {names} ON {new} WHEN {has_changed} BEGIN'
            f' UPDATE {old} SET {_marks_as_old(d, values, "NEW")} WHERE digest = {old_digest} AND {is_open}; END'
        )
    yield (
        f'CREATE TRIGGER mirror_{new}_delete AFTER DELETE ON {new} BEGIN'
        f' DELETE FROM {old} WHERE digest = {d.to_old("OLD.digest", DIGEST)}; END'
    )


# -- PostgreSQL ----------------------------------------------------------------------------------
# Depth 0 is what a version itself does; what a trigger does is not mirrored back.

_DIRECT = 'pg_trigger_depth() = 0'
#: Stands for each trigger: when, on which table, and under which condition; and for its function: what it does.
_MAKE = (
    'CREATE FUNCTION {{schema}}mirror_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$',
    'CREATE TRIGGER mirror_{name} {when} ON {table} FOR EACH ROW {condition}EXECUTE FUNCTION {{schema}}mirror_{name}()',
)


def postgresql_triggers() -> Iterator[str]:
    """Returns the statements that make the functions and triggers; ``{schema}`` stands for the schema and a dot."""
    for name, (when, table, condition, body) in _postgresql_functions().items():
        for statement in _MAKE:
            yield statement.format(
                name=name, when=when, table=table, body=body, condition=f'WHEN ({condition}) ' if condition else ''
            )


def postgresql_drops() -> Iterator[str]:
    """Returns the statements that drop them all, if they are there."""
    for name, (_, table, _, _) in _postgresql_functions().items():
        yield f'DROP TRIGGER IF EXISTS mirror_{name} ON {table}'
        yield f'DROP FUNCTION IF EXISTS {{schema}}mirror_{name}()'


def sqlite_drops() -> Iterator[str]:
    """Returns the statements that drop them all, if they are there."""
    for statement in sqlite_triggers():
        yield f'DROP TRIGGER IF EXISTS {statement.split(" ")[2]}'


def _postgresql_functions() -> dict[str, tuple[str, str, str, str]]:
    d = Postgresql
    family = 'SELECT family_id FROM {schema}token_family_numbers WHERE number = '
    functions = {
        'token_families_insert': (
            'AFTER INSERT',
            'token_families',
            _DIRECT,
            f'WITH made AS (INSERT INTO {{schema}}oauth_families ({new_names(FAMILIES)})'
            f' VALUES ({as_new(d, FAMILIES, "NEW")}) RETURNING id)'
            ' INSERT INTO {schema}token_family_numbers (family_id, number) SELECT NEW.family_id, id FROM made;'
            ' RETURN NULL;',
        ),
        'oauth_families_insert': (
            'AFTER INSERT',
            'oauth_families',
            _DIRECT,
            f'INSERT INTO {{schema}}token_family_numbers (family_id, number) VALUES ({d.new_family_id("NEW.id")}, NEW.id);'
            f' INSERT INTO {{schema}}token_families (family_id, {old_names(FAMILIES)})'
            f' VALUES ({d.new_family_id("NEW.id")}, {as_old(d, FAMILIES, "NEW")}); RETURN NULL;',
        ),
        'oauth_families_delete': (
            'AFTER DELETE',
            'oauth_families',
            '',
            'DELETE FROM {schema}token_families WHERE family_id = (SELECT family_id FROM {schema}token_families'
            f' WHERE family_id = ({family}OLD.id) FOR UPDATE SKIP LOCKED);'
            ' DELETE FROM {schema}token_family_numbers WHERE number = OLD.id; RETURN NULL;',
        ),
        **_claims(
            'token_families',
            'oauth_families',
            (('revoked_at', 'revoked_at', TIME),),
            new_key='id = ' + _NUMBER,
            old_key='family_id = NEW.family_id',
            old_of_new=f'family_id = ({family}NEW.id)',
        ),
    }
    for old, new, columns in TABLES:
        old_digest = d.to_old('NEW.digest', DIGEST)
        functions[f'{old}_insert'] = (
            'AFTER INSERT',
            old,
            _DIRECT,
            f'INSERT INTO {{schema}}{new} ({new_names(columns)}, audience)'
            f" VALUES ({as_new(d, columns, 'NEW', _NUMBER)}, 'api'); RETURN NULL;",
        )
        functions[f'{new}_insert'] = (
            'AFTER INSERT',
            new,
            _DIRECT,
            f'IF {_IS_KNOWN} THEN INSERT INTO {{schema}}{old} ({old_names(columns, old)})'
            f' VALUES ({as_old(d, columns, "NEW", _FAMILY_ID, old)}); END IF; RETURN NULL;',
        )
        functions[f'{new}_delete'] = (
            'AFTER DELETE',
            new,
            '',
            f'DELETE FROM {{schema}}{old} WHERE digest = (SELECT digest FROM {{schema}}{old}'
            f' WHERE digest = {d.to_old("OLD.digest", DIGEST)} FOR UPDATE SKIP LOCKED); RETURN NULL;',
        )
        keys = {'new_key': f'digest = {d.to_new("NEW.digest", DIGEST)}', 'old_key': 'digest = NEW.digest'}
        functions |= _claims(old, new, MARKS[old], **keys, old_of_new=f'digest = {old_digest}')
    functions |= _repeats()
    return functions


def _claims(
    old: str, new: str, marks: Columns, *, new_key: str, old_key: str, old_of_new: str
) -> dict[str, tuple[str, str, str, str]]:
    """What happens to a row once: the new row decides, whichever version comes."""
    d, first = Postgresql, marks[0][0]
    key = old_key.partition(' ')[0]
    has_happened = f'OLD.{first} IS NULL AND NEW.{first} IS NOT NULL AND {_DIRECT}'
    return {
        f'{old}_update': (
            'BEFORE UPDATE',
            old,
            has_happened,
            f'UPDATE {{schema}}{new} SET {_marks_as_new(d, marks, "NEW")} WHERE {new_key} AND {first} IS NULL;'
            f' IF FOUND OR NOT EXISTS (SELECT 1 FROM {{schema}}{new} WHERE {new_key}) THEN RETURN NEW; END IF;'
            # The new version was quicker. Nothing is left of this UPDATE, whose row count says so.
            f' UPDATE {{schema}}{old} AS mirrored SET {_marks_as_old(d, marks, "decided")}'
            f' FROM {{schema}}{new} AS decided'
            f' WHERE decided.{new_key} AND mirrored.{old_key} AND mirrored.{first} IS NULL; RETURN NULL;',
        ),
        f'{new}_update': (
            'AFTER UPDATE',
            new,
            has_happened,
            f'UPDATE {{schema}}{old} SET {_marks_as_old(d, marks, "NEW")} WHERE {key} = (SELECT {key} FROM {{schema}}{old}'
            f' WHERE {old_of_new} AND {first} IS NULL FOR NO KEY UPDATE SKIP LOCKED); RETURN NULL;',
        ),
    }


def _repeats() -> dict[str, tuple[str, str, str, str]]:
    condition = f'NEW.repeats > OLD.repeats AND {_DIRECT}'
    return {
        'refresh_tokens_repeat': (
            'BEFORE UPDATE',
            'refresh_tokens',
            condition,
            'UPDATE {schema}oauth_refresh_tokens SET repeats = repeats + 1'
            " WHERE digest = decode(NEW.digest, 'hex') RETURNING repeats INTO NEW.repeats;"
            ' IF NOT FOUND THEN NEW.repeats := OLD.repeats + 1; END IF; RETURN NEW;',
        ),
        'oauth_refresh_tokens_repeat': (
            'AFTER UPDATE',
            'oauth_refresh_tokens',
            condition,
            'UPDATE {schema}refresh_tokens SET repeats = NEW.repeats WHERE digest = (SELECT digest FROM'
            " {schema}refresh_tokens WHERE digest = encode(NEW.digest, 'hex') FOR NO KEY UPDATE SKIP LOCKED); RETURN NULL;",
        ),
    }
