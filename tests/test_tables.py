"""A table of cases as one test tries each line, names those that fail, and puts back what a line has changed."""

import pytest
from sqlalchemy import text

from app.extensions import db
from tests.databases import read_rows
from tests.tables import each

pytest_plugins = ["pytester"]
_ROWS = pytest.StashKey[dict]()


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch) -> None:
    """Each run inside would import anew all that is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def count_people(app) -> int:
    with app.app_context():
        return db.session.scalar(text("SELECT count(*) FROM users"))


@each(("act", "left"), [("DELETE FROM users", 0), ("UPDATE users SET name = 'Eve'", 2), ("SELECT 1", 2)])
def test_each_line_begins_with_the_rows_that_the_fixtures_made(app, alice, carol, act, left):
    with app.app_context():
        assert [*db.session.execute(text("SELECT name FROM users ORDER BY name")).scalars()] == [alice.name, carol.name]
        db.session.execute(text(act))
        db.session.commit()
    assert count_people(app) == left


@pytest.fixture
def shelf(app, notebook):
    """A memory of Acme's own, which is found by "heron", and the token that found it."""
    token = notebook.client_credentials(scope="memories:read memories:write").json["access_token"]
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    client.post("/api/v1/memories/", json={"title": "A heron", "text": "On the canal."}, headers=headers)

    def find(word: str) -> list[str]:
        found = client.get("/api/v1/memories/", query_string={"q": word}, headers=headers).json
        return [memory["title"] for memory in found["data"]]

    return find


@each(
    "act",
    [
        "UPDATE memories SET title = 'An owl', text = 'At night.'",
        "DELETE FROM memories",
        "INSERT INTO organizations SELECT 'org_late', 'late', 'Late', created_at, demands_second_factor FROM organizations",
        "INSERT INTO memory_tags SELECT id, 'late' FROM memories",
        "SELECT 1",
    ],
)
def test_each_line_finds_and_has_every_row_as_it_was(app, shelf, request, act):
    with app.app_context():
        rows = read_rows(db.engine, db.metadata)
        rows.pop("request_log", None)
    kept = request.node.stash.setdefault(_ROWS, rows)
    assert rows == kept and rows["memories"]
    assert (shelf("heron"), shelf("owl")) == (["A heron"], [])
    with app.app_context():
        db.session.execute(text(act))
        db.session.commit()
        assert (read_rows(db.engine, db.metadata) == rows) == act.startswith("SELECT")


@each("who", ["alice", "carol"])
def test_each_line_begins_with_the_cookies_that_the_browser_had(browser, request, who):
    assert browser.get("/account/").status_code == 303
    browser.enter(request.getfixturevalue(who))
    assert browser.get("/account/").status_code == 200


def test_every_line_that_fails_is_named_and_the_others_are_tried(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        from tests.tables import each

        @each("number", [1, 2, 3, 4], ids=lambda number: f"number {number}")
        def test_odd(number):
            assert number % 2, "It is even."
        """
    )
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(failed=3)
    told = result.stdout.str()
    assert [f"test_odd [number {number}]" in told for number in (1, 2, 3, 4)] == [False, True, False, True]
    assert told.count("E       AssertionError: It is even.") == 2


def test_a_table_without_lines_is_a_mistake():
    with pytest.raises(AssertionError):
        each("number", [])(lambda number: None)
