"""Where the tests stand in the order that ``make test`` begins with, so that no core is idle. Loaded by ``conftest``.

Each process gets a part of it, in one piece, and takes from the end of another's when it has none left. The tests that
drive Chromium begin the first part, so that one process starts it and what it shows. Those that mostly wait begin the
second: meanwhile the others have work for every core, which nobody has at the end.
"""

from collections.abc import Sequence

import pytest

#: What sleeps or waits for others' locks, limits and ends for most of its time.
_WAITING = (
    *("tests/robustness/", "tests/worker/", "tests/database/test_waits.py"),
    *("tests/test_serving.py", "tests/test_readme.py", "tests/mail/test_smtp.py"),
)


def put_in_order(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Returns the same tests, in the order in which so many processes begin with them."""
    browsing = [item for item in items if item.get_closest_marker("browser")]
    others = [item for item in items if not item.get_closest_marker("browser")]
    waiting = [item for item in others if item.nodeid.startswith(_WAITING)]
    working = [item for item in others if not item.nodeid.startswith(_WAITING)]
    before = max(0, len(items) // processes - len(browsing))
    return [*browsing, *working[:before], *waiting, *working[before:]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    if workers := getattr(session.config, "workerinput", {}).get("workercount"):
        session.items[:] = put_in_order(session.items, workers)
