"""Every statement of the hot path fills its record by name: columns that changed places are told, and not given back."""

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from itertools import pairwise, permutations
from pkgutil import walk_packages

import pytest
from msgspec import Struct
from sqlalchemy import BindParameter, Insert, Select, bindparam, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

import app
from app.clients.models import Client
from app.consents.models import Consent
from app.database.statements import MismatchedRecord, Pair, Statement
from app.database.statements.decisions import Added, Decision
from app.extensions import db
from app.oauth.tokens.family import TokenFamily
from tests.databases import BACKEND
from tests.tables import each

_DIALECTS = [sqlite.dialect(), postgresql.dialect()]


def _statements() -> Iterator[tuple[str, Statement]]:
    """Every statement of the app, by module and name."""
    for info in walk_packages(app.__path__, "app."):
        for name, value in vars(import_module(info.name)).items():
            for key, kept in value.items() if isinstance(value, dict) else [("", value)]:
                if isinstance(kept, Statement):
                    yield f"{info.name}.{name}{key}", kept


_STATEMENTS = dict(_statements())
_WITH_RECORDS = {name: kept for name, kept in _STATEMENTS.items() if isinstance(kept._row, type)}


@each("name", _STATEMENTS)
def test_every_statement_compiles_and_fills_its_record(name):
    for dialect in _DIALECTS:
        # Some are written for one database alone.
        if not name.endswith(tuple(other.name for other in _DIALECTS if other is not dialect)):
            _STATEMENTS[name].compiled_for(dialect)


#: What is small, and read as a whole.
_READ_WHOLE = {"alembic_version", "presented", "CONSTANT"}


@pytest.mark.skipif(BACKEND != "sqlite", reason="PostgreSQL's plans depend on what is in the tables.")
@each("name", [name for name in _STATEMENTS if not name.endswith(("postgresql", "_FIND_ENCODING"))])
def test_no_statement_goes_through_a_whole_table(app, name):
    """SQLite says how it would run each: what is joined with another first it would read from one end to the other."""
    with app.app_context(), db.engine.connect() as connection:
        compiled = _STATEMENTS[name].compiled_for(db.engine.dialect)
        explained = f"EXPLAIN QUERY PLAN {compiled.sql}"
        plan = connection.connection.driver_connection.execute(explained, [None] * compiled.sql.count("?")).fetchall()
    steps = [step.split() for *_, step in plan]
    scanned = {words[1] for words in steps if words[0] in ("SCAN", "MATERIALIZE") and "INDEX" not in words}
    assert scanned <= _READ_WHOLE, plan


def test_what_is_decided_carries_on_what_was_found_whichever_database_asks_first():
    for dialects in permutations(_DIALECTS):
        decision = Decision(
            update(Client).where(Client.key == bindparam("key")).values(name=bindparam("name")).returning(Client.name),
            Added(TokenFamily, {"id": "family_id", "grant_id": "grant_id"}),
            finds=select(Consent.grant_id),
        )
        steps = {dialect.name: decision.compiled_for(dialect) for dialect in dialects}
        (whole,) = steps["postgresql"].demanded
        assert "decided.grant_id AS grant_id FROM decided) SELECT decided.grant_id FROM" in " ".join(whole.sql.split())
        (added,) = steps["sqlite"].added
        assert added.waits


def test_every_record_of_the_hot_path_is_compared():
    records = {kept._row.__name__ for kept in _WITH_RECORDS.values()}
    assert records >= {"ClientSnapshot", "CodeSnapshot", "ConsentSnapshot", "SpeakingToken", "TokenSnapshot"}


def test_two_records_of_one_row_are_compared_too():
    client, code = select(Client.key, Client.name), select(Consent.grant_id, Consent.paused_at).subquery()
    both = client.add_columns(*code.c).outerjoin(code, true())
    compiled = Statement(both, row=Pair(_Named, _Paused, 2)).compiled_for(_DIALECTS[1])
    assert compiled.read(("a", "A", None, None)) == (_Named("a", "A"), None)
    assert compiled.read(("a", "A", "g", None)) == (_Named("a", "A"), _Paused("g", None))
    for row in (Pair(_Paused, _Named, 2), Pair(_Named, _Named, 2), Pair(_Named, _Paused, 1)):
        with pytest.raises(MismatchedRecord):
            Statement(both, row=row).compiled_for(_DIALECTS[1])


class _Named(Struct):
    key: str
    name: str


class _Paused(Struct):
    grant_id: str
    paused_at: datetime | None


def _exchanged_points_in_time() -> Iterator[tuple[str, int, int]]:
    """Each pair of points in time that stand beside each other in a record."""
    for name, kept in _WITH_RECORDS.items():
        if isinstance(kept._statement, Select):
            columns = kept._statement.selected_columns.keys()
            times = [place for place, column in enumerate(columns) if column.endswith("_at")]
            yield from ((name, one, other) for one, other in pairwise(times))


@each(("name", "one", "other"), list(_exchanged_points_in_time()))
def test_two_points_in_time_cannot_change_places(name, one, other):
    """They have one type, so nothing else would notice: a paused consent would read as one that has ended."""
    record, statement = _WITH_RECORDS[name]._row, _WITH_RECORDS[name]._statement
    columns = list(statement._raw_columns)
    columns[one], columns[other] = columns[other], columns[one]
    with pytest.raises(MismatchedRecord, match=f"Column {one + 1} .* {record.__struct_fields__[one]} in its place"):
        Statement(select(*columns), row=record).compiled_for(_DIALECTS[0])


def test_what_a_statement_says_itself_is_the_same_in_every_call():
    kept = Statement(select(Client.name).where(Client.key == bindparam("wanted"), Client.type == "public"))
    for dialect in _DIALECTS:
        compiled = kept.compiled_for(dialect)
        for wanted in ("a", "b", "a"):
            values = compiled.bind({"wanted": wanted})
            held = [one.decode() if isinstance(one, bytes) else one for one in values]
            assert sorted(held) == [wanted, "public"]
            # Whoever is given them may do with them what they like.
            values.clear()
        with pytest.raises(KeyError):
            compiled.bind({})


class _Times(Struct):
    grant_id: str
    paused_at: datetime | None
    consent_revoked_at: datetime | None
    note: str = ""


_RIGHT = (Consent.grant_id, Consent.paused_at, Consent.revoked_at.label("consent_revoked_at"))


def test_a_record_whose_last_fields_have_defaults_may_go_without_them():
    Statement(select(*_RIGHT), row=_Times).compiled_for(_DIALECTS[0])


@each(
    ("columns", "told"),
    [
        (_RIGHT[:2], "No column fills consent_revoked_at of _Times"),
        ((*_RIGHT, Consent.scope), "Column 4 is scope, and _Times has note in its place"),
        ((*_RIGHT, Consent.declined_scope.label("note")), "note of _Times is filled by consents.declined_scope"),
        (
            (_RIGHT[0], Consent.revoked_at.label("paused_at"), Consent.paused_at.label("consent_revoked_at")),
            "paused_at of _Times is filled by consents.revoked_at",
        ),
        (_RIGHT[1:], "Column 1 is paused_at, and _Times has grant_id in its place"),
    ],
    ids=["missing", "extra", "another", "labels exchanged", "shifted"],
)
def test_a_record_that_is_filled_wrongly_is_told_by_name(columns, told):
    with pytest.raises(MismatchedRecord, match=told):
        Statement(select(*columns), row=_Times).compiled_for(_DIALECTS[0])


def test_a_record_that_has_no_fields_to_compare_is_refused():
    with pytest.raises(MismatchedRecord, match="tuple is no Struct"):
        Statement(select(*_RIGHT), row=tuple).compiled_for(_DIALECTS[0])


#: Values that have another name than their column, since that one names something else in the statement.
_OTHERWISE = {"count": "first_count", "expires_at": "window_end", "client_id": "client_key"}


def test_no_hot_insert_names_its_values_by_place():
    """Each value of an INSERT is bound by the column's own name, so nothing can be given to its neighbour."""
    for name, kept in _STATEMENTS.items():
        statement = kept._statement
        if isinstance(statement, Insert) and statement._values:
            for column, value in statement._values.items():
                if not isinstance(value, BindParameter):
                    # Computed, and so given nowhere.
                    continue
                assert value.key in (column.key, _OTHERWISE.get(column.key)), (
                    f"{name}: {column.key} is given {value.key}"
                )
