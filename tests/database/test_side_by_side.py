"""Several in one thread, whose statements go to PostgreSQL in one piece: each gets its own answer, and waits for no other."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from greenlet import greenlet
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    text,
    update,
)

from app.database.away import NotAsked
from app.database.connections import Connection, RowGone, connect, connect_as, count_kept
from app.database.engine import engine_options, prepare_engine
from app.database.patience import find_patience, set_patience
from app.database.pool import count_connections
from app.database.postgresql import PostgresqlConnection
from app.database.repeat import repeat
from app.database.side_by_side.aside import step_aside
from app.database.side_by_side.connection import ConnectionBeside, SharedConnection, connect_beside
from app.database.side_by_side.group import SideBySide
from app.database.statements import Statement
from app.database.statements.prepared import Prepared
from app.logs import present
from tests.databases import missing_postgresql

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(missing_postgresql() is not None, reason=str(missing_postgresql())),
]

_METADATA = MetaData()
_SHELVES = Table("shelves", _METADATA, Column("id", Integer, primary_key=True))
_BOOKS = Table(
    "books",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", String),
    Column("shelf", ForeignKey("shelves.id")),
)
_FIND = Statement(select(_BOOKS.c.id, _BOOKS.c.title).where(_BOOKS.c.id == bindparam("book")))
_ADD = Statement(insert(_BOOKS).values(id=bindparam("book"), title=bindparam("title"), shelf=bindparam("shelf")))
_RENAME = Statement(
    update(_BOOKS).where(_BOOKS.c.id == bindparam("book")).values(title=bindparam("title")).returning(_BOOKS.c.title)
)


class Library:
    """Three books on a shelf, and what several do there side by side."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, **engine_options(url))
        prepare_engine(self.engine)
        self.side_by_side = SideBySide(self.engine)
        with self.engine.begin() as connection:
            _METADATA.create_all(connection)
            connection.execute(insert(_SHELVES).values(id=1))
            connection.execute(insert(_BOOKS), [{"id": n, "title": f"Book {n}", "shelf": 1} for n in (1, 2, 3)])

    def close(self) -> None:
        """Leave nothing behind."""
        with self.engine.begin() as connection:
            _METADATA.drop_all(connection)
        self.engine.dispose()

    def do(self, *acts: Callable[[Connection], Any]) -> list[Any]:
        """Returns what each returns or raises, in the order in which they end; a None wherever some might be handed back."""
        ended: list[Any] = []

        def run(act: Callable[[Connection], Any]) -> None:
            try:
                with connect_beside(self.engine) as connection:
                    result = act(connection)
            except Exception as error:
                result = error
            ended.append(result)

        for _ in self.side_by_side.run([lambda act=act: run(act) for act in acts]):
            ended.append(None)
        return ended

    def warm(self) -> None:
        """Have every statement prepared."""
        for _ in range(7):
            self.do(find(1), find(2), rename(3, "Book 3"))

    def title(self, book: int) -> str | None:
        """As it stands in the database."""
        with connect(self.engine) as connection:
            found = connection.first(_FIND, book=book)
        return found and found.title

    @contextmanager
    def locked(self, book: int):
        """Another has changed this book, and has not committed it."""
        with psycopg.connect(self.url) as other:
            other.execute("UPDATE books SET title = 'Another' WHERE id = %s", [book])
            yield other
            other.rollback()

    @property
    def url(self) -> str:
        return (
            self.engine.url.set(drivername="postgresql")
            .difference_update_query(["prepare_threshold"])
            .render_as_string(False)
        )


def find(book: int):
    return lambda connection: connection.first(_FIND, book=book).title


def rename(book: int, title: str):
    return lambda connection: connection.first(_RENAME, book=book, title=title).title


def add(book: int, shelf: int = 1):
    return lambda connection: connection.run(_ADD, book=book, title=f"Book {book}", shelf=shelf)


@pytest.fixture
def library(lasting_postgresql_url):
    library = Library(lasting_postgresql_url)
    yield library
    library.close()
    set_patience(None)


@pytest.fixture
def waits(monkeypatch) -> list[int]:
    """How often PostgreSQL was waited for, as the length of the list."""
    waits = []
    wait = PostgresqlConnection.wait
    monkeypatch.setattr(PostgresqlConnection, "wait", lambda *given, **more: waits.append(1) or wait(*given, **more))
    return waits


def test_each_gets_its_own_answer_and_all_wait_once(library, waits):
    library.warm()
    waits.clear()
    assert library.do(find(1), rename(2, "Second"), find(3), add(4)) == ["Book 1", "Second", "Book 3", 1]
    assert len(waits) == 1
    assert (library.title(2), library.title(4)) == ("Second", "Book 4")


def test_what_is_not_prepared_yet_is_prepared_on_the_way(library, waits):
    for _ in range(10):
        assert library.do(find(1), find(2), rename(3, "Third"), find(1)) == ["Book 1", "Book 2", "Third", "Book 1"]
    # Making two connections takes some.
    assert len(waits) < 16


def test_each_goes_on_to_its_next_question(library, waits):
    library.warm()
    waits.clear()

    def walk(connection: Connection) -> list[str]:
        return [connection.first(_FIND, book=book).title for book in (1, 2, 3)]

    assert library.do(walk, find(1), walk) == ["Book 1", *[["Book 1", "Book 2", "Book 3"]] * 2]
    assert len(waits) == 3


def test_one_that_fails_takes_no_other_with_it(library):
    library.warm()
    answers = library.do(add(4), add(5, shelf=7), rename(1, "First"), add(1), find(2))
    assert answers[:4] == [1, "First", "Book 2", None]
    assert [type(one) for one in answers[4:]] == [RowGone, type(None), psycopg.errors.UniqueViolation]
    assert [library.title(book) for book in (1, 4, 5)] == ["First", "Book 4", None]
    # And nothing of it is left behind.
    assert library.do(find(1), add(5)) == ["First", 1]


def test_a_look_that_fails_fails_alone(library):
    library.warm()
    wrong = Statement(select(text("1 / 0 AS nothing")))
    answers = library.do(find(1), lambda connection: connection.first(wrong), find(2))
    # Those that were asked with it are asked anew, each by itself.
    assert [one for one in answers if isinstance(one, str)] == ["Book 1", "Book 2"]
    assert [type(one) for one in answers if isinstance(one, Exception)] == [psycopg.errors.DivisionByZero]


def test_who_waits_for_a_lock_is_waited_for_by_nobody(library):
    library.warm()
    ended = []
    with library.locked(1) as other:
        acts = [rename(1, "First"), find(1), rename(2, "Second")]

        def run(act):
            set_patience(2)
            with connect_beside(library.engine) as connection:
                ended.append(act(connection))

        steps = library.side_by_side.run([lambda act=act: run(act) for act in acts])
        # What is done can be handed back before anybody begins to wait.
        next(steps)
        assert ended == ["Book 1", "Second"]
        other.rollback()
        assert list(steps) == []
    assert ended == ["Book 1", "Second", "First"]


def test_a_transaction_is_on_a_connection_of_its_own(library):
    library.warm()

    def act(connection: Connection) -> str:
        with connection.transaction():
            connection.run(_ADD, book=4, title="Book 4", shelf=1)
            # Nobody else goes on in the middle of it.
            assert ended_before == ["Book 1"]
            return connection.first(_FIND, book=4).title

    ended_before: list[str] = []
    answers = library.do(act, lambda connection: ended_before.append(find(1)(connection)))
    assert answers == [None, None, "Book 4"]
    assert library.title(4) == "Book 4"


def test_whoever_steps_aside_goes_on_when_the_others_are_done(library):
    library.warm()

    def act(connection: Connection) -> str:
        first = connection.first(_FIND, book=1).title
        step_aside()
        return f"{first} and {connection.first(_FIND, book=2).title}"

    assert library.do(act, find(1), find(3)) == ["Book 1", "Book 3", None, "Book 1 and Book 2"]


def test_whoever_is_to_try_again_waits_alone(library):
    tries = []

    def act(connection: Connection) -> str:
        def attempt() -> str:
            tries.append(1)
            if len(tries) == 1:
                raise psycopg.errors.SerializationFailure
            return connection.first(_FIND, book=1).title

        return repeat(attempt)

    assert library.do(act, find(2)) == ["Book 2", None, "Book 1"]


def test_each_has_its_own_request_and_patience(library):
    library.warm()
    seen = []

    def act(number: int):
        def look(connection: Connection) -> None:
            present.begin({"number": number})
            set_patience(number)
            find(1)(connection)
            seen.append((present.environ()["number"], round(find_patience().left)))

        return look

    library.do(act(5), act(6), act(7))
    assert seen == [(5, 5), (6, 6), (7, 7)]
    assert present.environ() == {} and find_patience() is None


def test_who_has_waited_for_others_has_waited(library, monkeypatch):
    """However it comes about: the answer is to come in time."""
    library.warm()
    seconds = iter(range(100))
    monkeypatch.setattr("app.database.side_by_side.group.monotonic", lambda: next(seconds))

    def act(connection: Connection) -> int:
        set_patience(10)
        find(1)(connection)
        step_aside()
        return round(find_patience().left)

    # Each looks at the clock when it begins to wait, and when it goes on.
    assert [one for one in library.do(act, act) if one] == [10 - 2 - 3, 10 - 3 - 2]


def test_nobody_waits_longer_than_the_least_patient_of_them(library):
    library.warm()

    def impatient(connection: Connection) -> str:
        set_patience(0)
        return find(1)(connection)

    answers = [one for one in library.do(impatient, find(2)) if one]
    assert isinstance(answers[0], NotAsked) and answers[1:] == ["Book 2"]


def test_they_go_back_to_whoever_has_called(library):
    """Whatever else runs in the thread: those that have done something wait for the next."""
    assert library.do(find(1), find(2)) == ["Book 1", "Book 2"]
    answers = []
    greenlet(lambda: answers.extend(library.do(find(2), find(3)))).switch()
    assert answers == ["Book 2", "Book 3"]
    assert library.do(find(3), find(1)) == ["Book 3", "Book 1"]


def test_a_mistake_in_one_is_its_callers(library):
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(library.side_by_side.run([fail, fail]))
    assert library.do(find(1), find(2)) == ["Book 1", "Book 2"]


def test_nobody_sees_what_another_had_before(library):
    def act(connection: Connection) -> tuple:
        seen = present.environ(), find_patience()
        present.begin({"number": 1})
        set_patience(9)
        return seen

    for _ in range(3):
        assert library.do(act, act) == [({}, None), ({}, None)]


def test_a_table_that_has_changed_is_asked_anew(library):
    """As in the middle of an upgrade: what was prepared has another shape now."""
    library.warm()
    with library.engine.begin() as connection:
        connection.execute(text("ALTER TABLE books ALTER COLUMN title TYPE varchar(80)"))
    assert set(library.do(find(1), find(2), rename(3, "Third"))) - {None} == {"Book 1", "Book 2", "Third"}
    assert library.do(find(1), find(2), rename(3, "Third")) == ["Book 1", "Book 2", "Third"]


def test_what_cannot_be_prepared_now_is_prepared_later(library, waits):
    library.do(find(1), find(2))
    library.do(find(1), find(2), find(3))
    with psycopg.connect(library.url) as other:
        other.execute("LOCK TABLE books")
        ended = []

        def look() -> None:
            with connect_beside(library.engine) as connection:
                ended.append(find(1)(connection))

        steps = library.side_by_side.run([look, look])
        next(steps)
        assert ended == []
        other.rollback()
        list(steps)
    assert ended == ["Book 1", "Book 1"]
    waits.clear()
    assert library.do(find(1), find(2)) == ["Book 1", "Book 2"]
    assert len(waits) == 1
    with connect(library.engine) as connection:
        assert connection._driver.pooling.may_prepare


def test_statements_that_are_not_prepared_go_together_too(library, waits):
    with connect(library.engine) as connection:
        connection._driver.pooling.may_prepare = False
    library.warm()
    waits.clear()
    assert library.do(find(1), rename(2, "Second")) == ["Book 1", "Second"]
    assert len(waits) == 1


def test_behind_a_pooler_each_is_asked_alone(library):
    """What holds for our connections alone cannot be said there."""
    library.warm()
    with connect(library.engine) as connection:
        connection._driver.pooling.notice(keep_preparing=True)
    assert library.do(find(1), find(2)) == [None, "Book 1", None, "Book 2"]
    assert library.do(find(1), rename(2, "Second")) == ["Book 1", None, "Second"]


@pytest.fixture
def losing(library, monkeypatch):
    """The server ends the shared connection in the moment in which the first question is about to be sent."""
    library.warm()
    send, ended = Prepared._send, []

    def send_in_vain(prepared: Prepared, *given: Any) -> None:
        if not ended:
            ended.append(prepared._connection.info.backend_pid)
            with psycopg.connect(library.url, autocommit=True) as administrator:
                administrator.execute("SELECT pg_terminate_backend(%s, 5000)", ended)
        send(prepared, *given)

    monkeypatch.setattr(Prepared, "_send", send_in_vain)


@pytest.mark.usefixtures("losing")
def test_a_lost_connection_is_an_error_only_of_those_that_write(library):
    """Nobody knows what was done, so they are not to be done once more."""
    answers = library.do(find(1), rename(2, "Second"), find(3))
    assert isinstance(answers[0], psycopg.OperationalError)
    assert answers[1:] == [None, "Book 1", None, "Book 3"]
    assert library.title(2) == "Book 2"


def test_a_connection_that_the_server_has_closed_meanwhile_is_made_anew(library):
    library.warm()
    with psycopg.connect(library.url, autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert library.do(find(1), rename(2, "Second")) == ["Book 1", "Second"]


def test_where_the_database_is_known_to_be_away_each_is_told_so(library, monkeypatch):
    library.warm()
    with connect(library.engine) as connection:
        waits = connection._driver.waits
    monkeypatch.setattr(waits, "are_closed", True)
    monkeypatch.setattr(waits, "check", _not_asked)

    def patient(act: Callable[[Connection], Any]):
        def run(connection: Connection) -> Any:
            set_patience(2)
            return act(connection)

        return run

    answers = library.do(patient(find(1)), patient(rename(2, "Second")))
    assert [type(one) for one in answers if one is not None] == [NotAsked, NotAsked]


def _not_asked(_patience: Any) -> None:
    raise NotAsked("silent", "The database did not answer others a moment ago.")


def test_the_shared_connection_counts_as_kept_while_nobody_uses_it(library):
    library.warm()
    assert count_kept(library.engine) >= 1
    assert count_connections(library.engine)["in_use",] == 0


def test_it_never_gets_into_the_pool(library):
    library.warm()
    with pytest.raises(ZeroDivisionError), _shared(library):
        raise ZeroDivisionError
    with connect(library.engine) as connection:
        assert connection._driver.execute("SHOW lock_timeout").fetchone() != ("20ms",)


@contextmanager
def _shared(library):
    with connect_as(SharedConnection, library.engine) as connection:
        assert connection._driver.execute("SHOW lock_timeout").fetchone() == ("20ms",)
        yield


def test_alone_it_is_a_connection_as_any_other(library):
    with connect_beside(library.engine) as connection:
        assert not isinstance(connection, ConnectionBeside)
