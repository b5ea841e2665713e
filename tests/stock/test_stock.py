"""The table's tests can see: on a textbook Authlib server exactly those of ``fails_on_stock.txt`` fail.

The list was not written by hand. After adding a test to the table, have it observed again::

    WRITE_FAILS_ON_STOCK=1 python -m pytest tests/stock

Not every half-sentence of the table can be asked of that server: it has rotation switched on, since without a
second refresh token nothing about the second could be asked; and it is the documentation's word that a code lives
five minutes and nobody counts a refresh token's days, which the tests of the lifetimes show.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from tests.forked.popen import run_forked
from tests.server import environ_of_machine
from tests.stock.rows import ROWS

HERE = Path(__file__).parent
LIST = HERE / "fails_on_stock.txt"


@pytest.fixture(scope="module")
def observed(tmp_path_factory) -> dict[str, dict[str, str]]:
    """The outcome of every test of the table on the textbook server, and the row that each shows."""
    outcomes = tmp_path_factory.mktemp("stock") / "outcomes.json"
    arguments = ["-m", "row", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider",
                 "-p", "tests.stock.outcomes", *_files_with_rows()]  # fmt: skip
    done = run_forked(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=HERE.parents[1],
        # None of these tests needs a plugin that is merely installed, and to import them takes half a second.
        env=environ_of_machine()
        | {"TEST_TARGET": "stock", "TEST_DATABASE": "sqlite", "OUTCOMES": str(outcomes)}
        | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        timeout=300,
    )
    # 1 is "some tests failed", which is what they are here for.
    assert done.returncode == 1, done.stdout + done.stderr
    return json.loads(outcomes.read_text())


def _files_with_rows() -> list[str]:
    """Whoever marks a test imports the mark. To collect all the others would take longer than these tests do."""
    root = HERE.parents[1]
    files = [path for folder in ("oauth", "api") for path in sorted((root / "tests" / folder).rglob("test_*.py"))]
    return [str(path.relative_to(root)) for path in files if "tests.stock.rows import row" in path.read_text()]


def test_exactly_the_listed_tests_fail_on_stock_authlib(observed):
    failed = sorted(test for test, outcome in observed["outcomes"].items() if outcome == "failed")
    if os.environ.get("WRITE_FAILS_ON_STOCK"):
        LIST.write_text("".join(f"{test}\n" for test in failed))
    listed = LIST.read_text().splitlines()
    assert [test for test in failed if test not in listed] == []
    assert [test for test in listed if test not in failed] == []


def test_no_test_of_the_table_is_left_out(observed):
    assert [test for test, outcome in observed["outcomes"].items() if outcome == "skipped"] == []


def test_every_row_of_the_table_is_seen_by_a_test_that_fails_on_stock_authlib(observed):
    seen = {observed["rows"][test] for test, outcome in observed["outcomes"].items() if outcome == "failed"}
    assert [row for row in ROWS if row not in seen] == []


def test_rotation_is_off_in_stock_authlib_until_it_is_switched_on():
    assert RefreshTokenGrant.INCLUDE_NEW_REFRESH_TOKEN is False
