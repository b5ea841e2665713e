"""Where the tests stand in the order that ``make test`` begins with, so that no core is idle. Loaded by ``conftest``.

Each process gets a part of it, in one piece, and takes from the end of another's when it has none left. The tests that
drive Chromium begin the first part, so that one process starts it and what it shows. Those that start servers begin the
second, so that one process imports what they are forked of. Those that mostly wait begin the third: meanwhile the others
have work for every core, which nobody has at the end.
"""

from collections.abc import Sequence

import pytest

#: What sleeps or waits for others' locks, limits and ends for most of its time, beside what starts servers.
_WAITING = (
    *("tests/database/test_waits.py", "tests/database/test_pooling.py", "tests/cli/test_doctor.py"),
    *("tests/mail/test_smtp.py", "tests/test_late.py"),
    *(
        f"tests/robustness/test_{name}.py"
        for name in ("code_meets_change", "killed", "meetings", "repeating", "stays_locked")
    ),
)
#: What a test asks for, and what a module imports, that starts servers.
_SERVERS, _STARTS = {"server", "each_server"}, {"Clone", "Forked", "run_forked", "running_server"}


def put_in_order(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Returns the same tests, in the order in which so many processes begin with them."""
    browsing = [item for item in items if item.get_closest_marker("browser")]
    others = [item for item in items if not item.get_closest_marker("browser")]
    files = {_file_of(item) for item in others if _starts_servers(item)}
    starting = [item for item in others if _file_of(item) in files]
    others = [item for item in others if _file_of(item) not in files]
    waiting = [item for item in others if item.nodeid.startswith(_WAITING)]
    working = [item for item in others if not item.nodeid.startswith(_WAITING)]
    part = len(items) // processes
    first = max(0, part - len(browsing))
    second = first + (max(0, part - len(starting)) if processes > 2 else 0)
    return [*browsing, *working[:first], *starting, *working[first:second], *waiting, *working[second:]]


def _file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _starts_servers(item: pytest.Item) -> bool:
    return not _SERVERS.isdisjoint(getattr(item, "fixturenames", ())) or not _STARTS.isdisjoint(vars(item.module))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    if workers := getattr(session.config, "workerinput", {}).get("workercount"):
        session.items[:] = put_in_order(session.items, workers)
