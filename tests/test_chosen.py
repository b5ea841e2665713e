"""What ``make test-databases`` leaves out is only what adds nothing."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import chosen, sent
from tests.chosen import BRANCHES, choose, must_run
from tests.sent import ROOT, Record, Recorder, Sent, made_of
from tests.tables import each

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch) -> None:
    """Each run inside would import anew all that is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def record_of(**tests: str | Sent) -> Record:
    """A record of tests by the letters that they send."""
    record = Record()
    record.tests = {
        name: sent if isinstance(sent, Sent) else Sent(frozenset(sent), False, 0.1) for name, sent in tests.items()
    }
    record.texts = {one: f"SELECT {one}" for sent in record.tests.values() for one in sent.statements}
    return record


def test_a_statement_that_three_send_is_sent_twice():
    left_out = choose(["one", "other", "third"], [], record_of(one="ab", other="ab", third="ab"))
    assert left_out == {"third"}


def test_who_alone_sends_a_statement_stays():
    assert choose(["one", "other", "third"], [], record_of(one="ab", other="ab", third="abc")) == {"other"}


def test_what_runs_in_any_case_counts():
    record = record_of(race="a", other_race="a", one="a")
    assert choose(["race", "other_race", "one"], ["race", "other_race"], record) == {"one"}
    assert choose(["race", "one"], ["race"], record) == set()


def test_of_two_that_send_the_same_the_quicker_stay():
    slow = Sent(frozenset("a"), False, 3.0)
    assert choose(["a", "b", "c"], [], record_of(a=slow, b="a", c="a")) == {"a"}


def test_a_test_that_nobody_has_seen_stays():
    assert choose(["one", "other", "third", "new"], [], record_of(one="a", other="a", third="a")) == {"third"}


def test_a_test_whose_statement_failed_stays():
    failed = Sent(frozenset("a"), True, 9.0)
    assert choose(["failed", "b", "c"], [], record_of(failed=failed, b="a", c="a")) == {"c"}


def test_a_search_stays_whatever_it_looks_for():
    record = record_of(a="s", b="s", c="s")
    record.texts["s"] = "SELECT rowid FROM memory_search"
    assert choose(["a", "b", "c"], [], record) == set()


def test_a_test_that_sends_nothing_is_left_out():
    assert choose(["a"], [], record_of(a="")) == {"a"}


def item_of(nodeid: str, *fixtures: str, marker: str = "") -> SimpleNamespace:
    """A test as pytest has collected it, as far as must_run looks at it."""
    return SimpleNamespace(
        nodeid=nodeid, fixturenames=fixtures, get_closest_marker=lambda name: True if name == marker else None
    )


@each(
    ("item", "must"),
    [
        (item_of("tests/org/test_x.py::test_x"), False),
        (item_of("tests/org/test_x.py::test_x", "app", "database_url"), False),
        (item_of("tests/org/test_x.py::test_x", "each_server"), True),
        (item_of("tests/org/test_x.py::test_x", "server"), True),
        (item_of("tests/org/test_x.py::test_x", marker="compares_text"), True),
        (item_of("tests/org/test_x.py::test_x", marker="hypothesis"), True),
        (item_of("tests/database/test_leases.py::test_x"), True),
        (item_of("tests/fast/test_x.py::test_x"), True),
        (item_of("tests/limits/test_stores.py::test_x"), True),
    ],
)
def test_what_is_about_a_database_runs_whatever_it_sends(item, must):
    assert must_run(item) == must


def test_under_a_second_collation_only_what_is_about_it_runs_whatever_it_sends(monkeypatch):
    monkeypatch.setattr(chosen, "_WHAT_TO_DO", "again")
    assert must_run(item_of("tests/database/test_collation.py::test_x", marker="compares_text"))
    assert not must_run(item_of("tests/directory/test_x.py::test_x", marker="compares_text"))


def test_statements_of_both_ways_are_noted(app, browser, alice, notebook):
    browser.enter(alice)
    recorder = Recorder()
    try:
        notebook.client_credentials()
        browser.get("/account/")
    finally:
        recorder.stop()
    texts = {text for text, *_ in recorder._now}
    assert any("INTO oauth_access_tokens" in text for text in texts)
    assert any("FROM consents" in text for text in texts)
    before = len(recorder._now)
    browser.get("/account/apps/")
    assert len(recorder._now) == before


_TESTS = """
    import pytest
    from sqlalchemy import bindparam, create_engine, text

    @pytest.fixture(scope="session")
    def send():
        with create_engine("sqlite://").connect() as connection:
            connection.execute(text("SELECT 'once a run'"))
            yield lambda value: connection.execute(text("SELECT :value"), {"value": value})

    @pytest.mark.parametrize("number", range(4))
    def test_numbers(send, number):
        send(number)

    def test_text(send):
        send("1")

    def test_failure(send):
        with pytest.raises(Exception):
            send(object())
        send(5)

    def test_skipped():
        pytest.skip("What is here is not SQLite's.")
"""


def test_a_value_of_another_kind_is_another_statement(pytester, monkeypatch):
    pytester.makepyfile(_TESTS)
    monkeypatch.setattr(chosen, "BACKEND", "sqlite")
    monkeypatch.setattr(sent, "BACKEND", "sqlite")
    arguments = ("-v", "-p", "tests.chosen", "-p", "no:xdist", "-p", "no:randomly")
    monkeypatch.setattr(chosen, "_WHAT_TO_DO", "choose")
    result = pytester.runpytest(*arguments)
    result.assert_outcomes(passed=6, skipped=1)
    result.stdout.fnmatch_lines("Nothing was left out: there is no record*")
    monkeypatch.setattr(chosen, "_WHAT_TO_DO", "note")
    pytester.runpytest(*arguments).assert_outcomes(passed=6, skipped=1)
    monkeypatch.setattr(chosen, "_WHAT_TO_DO", "choose")
    result = pytester.runpytest(*arguments)
    result.stdout.fnmatch_lines("3 of 7 tests were left out*")
    result.stdout.fnmatch_lines(["*::test_text PASSED*", "*::test_failure PASSED*", "*::test_skipped SKIPPED*"])
    (written,) = pytester.path.rglob("sent.json")
    assert "SELECT :value" in written.read_text() or "SELECT ?" in written.read_text()
    assert "once a run" not in written.read_text()


def test_what_only_those_send_that_would_be_left_out_is_an_error(pytester, monkeypatch):
    pytester.makepyfile("""
        import os
        from sqlalchemy import create_engine

        def test_one(): pass

        def test_other():
            with create_engine("sqlite://").connect() as connection:
                connection.exec_driver_sql(os.environ["ASKED"])
    """)
    arguments = ("-p", "tests.chosen", "-p", "no:xdist")
    record = Record()
    record.tests = {
        f"{test_of}::{name}": Sent(frozenset(), False, 0.1)
        for test_of in ("test_what_only_those_send_that_would_be_left_out_is_an_error.py",)
        for name in ("test_one", "test_other")
    }
    monkeypatch.setattr(sent, "BACKEND", "sqlite")
    monkeypatch.setattr(Record, "read", lambda *_: record)
    monkeypatch.setattr(chosen, "_WHAT_TO_DO", "compare")
    monkeypatch.setenv("ASKED", "SELECT 7")
    result = pytester.runpytest(*arguments)
    assert result.ret == 1
    result.stdout.fnmatch_lines("Only tests that would be left out send: SELECT 7*")


def test_a_record_is_of_the_files_it_was_made_of(tmp_path):
    (tmp_path / "app").mkdir()
    file, kept = tmp_path / "app" / "__init__.py", tmp_path / "sent.json"
    file.write_text("x = 1\n")
    before = made_of.__wrapped__(tmp_path)
    record_of(one="a").write(kept, before)
    assert Record.read(kept, before).tests == record_of(one="a").tests
    file.write_text("x = 2\n")
    assert Record.read(kept, made_of.__wrapped__(tmp_path)) is None
    assert Record.read(tmp_path / "none", before) is None


def test_where_the_app_asks_which_database_it_is_its_tests_run():
    """SQLite is sent something else there, so a record of SQLite says nothing of it."""
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in Path(ROOT / "app").rglob("*.py")
        if re.search(r"dialect\.name|is_sqlite", path.read_text())
    }
    assert [path for path in sorted(asking) if not path.startswith(tuple(BRANCHES))] == []
    assert [place for place in BRANCHES if not any(path.startswith(place) for path in asking)] == []
    for tests in BRANCHES.values():
        assert list(ROOT.glob(f"{tests}*")), tests
