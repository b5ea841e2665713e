"""A table of cases as one test tries each line, names those that fail, and puts back what a line has changed."""

import pytest
from sqlalchemy import text

from app.extensions import db
from tests.tables import each

pytest_plugins = ["pytester"]


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
