"""Which tests ``make test-databases`` runs: what is about a database, and of the others enough to send each statement twice.

``TEST_STATEMENTS`` says what to do: ``note`` writes down what each test sends, as ``make test`` does; ``choose`` leaves out
what adds nothing by that record, and nothing where there is no record of these very files; ``again`` does so for a second
run, by another collation, and there only a statement makes a difference; ``compare`` runs everything, and fails when a
statement was sent by those alone that ``choose`` would leave out. Loaded as a pytest plugin by ``conftest``.
"""

import heapq
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.databases import BACKEND
from tests.sent import Record, Recorder, Sent, made_of

#: Where the app asks which database it is, and so sends what no record of the other can tell; and the tests of it.
BRANCHES = {
    "app/cli/doctor/": "tests/cli/",
    "app/database/": "tests/database/",
    "app/demonstration/seeds.py": "tests/demonstration/",
    "app/fast.py": "tests/fast/",
    "app/limits/database.py": "tests/limits/",
    "app/memories/index/": "tests/memories/",
    "app/memories/totals.py": "tests/memories/",
    "app/purge/": "tests/test_purge",
    "app/start_check.py": "tests/test_start_check.py",
}
#: What is about a database whatever it sends: what is shared, locked, tried again, odd, or too large.
_ABOUT_DATABASES = (
    *BRANCHES.values(),
    *("tests/robustness/", "tests/oauth/tokens/", "tests/operations/"),
    *("tests/personal/test_bad_input.py", "tests/api/test_bounds.py", "tests/oauth/endpoints/test_bounds.py"),
)
#: A test with one of these has a database or a server of its own, and is no part of the record.
_OF_ITS_OWN = frozenset(
    ("each_database_url", "sorted_database_url", "lasting_postgresql_url", "each_server", "each_app", "server")
)
#: What a search asks for is written into the statement on PostgreSQL, so that no two of them are the same.
_SEARCHED = "memory_search"
#: As often as it takes to see that a second one finds what the first has left.
_TIMES = 2

#: What all tests under a second collation are about.
_ABOUT_COLLATIONS = "tests/database/"

_WHAT_TO_DO = os.environ.get("TEST_STATEMENTS") or ""
_CHOOSING = ("choose", "again")


def must_run(item: pytest.Item) -> bool:
    """Returns whether a test is about a database, whatever it sends. One that makes up its values is."""
    if _WHAT_TO_DO == "again":
        return item.nodeid.startswith(_ABOUT_COLLATIONS)
    return (
        item.nodeid.startswith(_ABOUT_DATABASES)
        or not _OF_ITS_OWN.isdisjoint(getattr(item, "fixturenames", ()))
        or any(item.get_closest_marker(name) for name in ("compares_text", "hypothesis"))
    )


def choose(names: Iterable[str], chosen: Iterable[str], record: Record) -> set[str]:
    """Returns which of the tests are left out. ``chosen`` run in any case, and so does whatever the record does not know.

    Each statement that any of the tests sends is sent twice by those that stay, or once where only one does: first come
    those that send most of what is missing for the time they take.
    """
    searches = {digest for digest, text in record.texts.items() if _SEARCHED in text}
    stays = set(chosen)
    known: dict[str, Sent] = {}
    for name in names:
        sent = record.tests.get(name)
        if sent is None or sent.has_failed or not searches.isdisjoint(sent.statements):
            stays.add(name)
        elif name not in stays:
            known[name] = sent
    times: Counter[str] = Counter()
    for name in stays & record.tests.keys():
        times.update(record.tests[name].statements)
    return known.keys() - set(_add_until_enough(known, times))


def _add_until_enough(known: Mapping[str, Sent], times: Counter[str]) -> Iterator[str]:
    # What a test brings only becomes less, so whoever was first and brings as much as then is first.
    waiting = [(-_worth(sent, times), name) for name, sent in sorted(known.items())]
    heapq.heapify(waiting)
    while waiting:
        worth, name = heapq.heappop(waiting)
        now = -_worth(known[name], times)
        if now == 0:
            continue
        if now > worth:
            heapq.heappush(waiting, (now, name))
            continue
        times.update(known[name].statements)
        yield name


def _worth(sent: Sent, times: Counter[str]) -> float:
    missing = sum(times[one] < _TIMES for one in sent.statements)
    # Whatever takes no time takes some.
    return missing / (sent.seconds + 0.02)


class Choice:
    """The plugin of one process: a worker notes and chooses, and whoever has started it writes down and tells."""

    def __init__(self, config: pytest.Config):
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._recorder = Recorder() if _WHAT_TO_DO in ("note", "compare") else None
        self._record = Record()
        #: Of those that depend on a database, which are left out, or would be; None without a record.
        self._left_out: list[str] | None = None
        self._all = 0
        if self._recorder:
            config.pluginmanager.register(self._recorder)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        record = Record.read(self._path, made_of()) if _WHAT_TO_DO in (*_CHOOSING, "compare") and self._path else None
        if record is None:
            return
        left_out = choose((one.nodeid for one in items), (one.nodeid for one in items if must_run(one)), record)
        self._left_out, self._all = sorted(left_out), len(items)
        if _WHAT_TO_DO in _CHOOSING:
            items[:] = [one for one in items if one.nodeid not in left_out]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._recorder:
            self._recorder.stop()
            self._add(self._recorder.record)
        if self._is_worker:
            # As text: what goes to another process is nothing but plain values.
            tests = {name: (sorted(sent.statements), *sent[1:]) for name, sent in self._record.tests.items()}
            told = json.dumps([tests, self._record.texts, self._left_out, self._all])
            self._config.workeroutput["sent"] = told
            return
        if _WHAT_TO_DO == "note" and BACKEND == "sqlite" and self._path and self._record.tests:
            self._record.write(self._path, made_of())
        if _WHAT_TO_DO == "compare" and self._find_lost() and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node) -> None:
        told = getattr(node, "workeroutput", {}).get("sent")
        if told is None:
            return
        tests, texts, self._left_out, self._all = json.loads(told)
        record = Record()
        record.texts = texts
        record.tests = {name: Sent(frozenset(one), failed, seconds) for name, (one, failed, seconds) in tests.items()}
        self._add(record)

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if self._is_worker or _WHAT_TO_DO == "note":
            return
        if self._left_out is None:
            terminalreporter.line("Nothing was left out: there is no record of what tests of these files send.")
        elif _WHAT_TO_DO in _CHOOSING:
            terminalreporter.line(
                f"{len(self._left_out)} of {self._all} tests were left out: two others each send what they send."
                " TEST_EVERYTHING=1 runs them too."
            )
        for text in self._find_lost() if _WHAT_TO_DO == "compare" else ():
            terminalreporter.line(f"Only tests that would be left out send: {text}", red=True)

    @property
    def _path(self) -> Path | None:
        cache = getattr(self._config, "cache", None)
        return cache.mkdir("statements") / "sent.json" if cache else None

    def _add(self, record: Record) -> None:
        self._record.tests |= record.tests
        self._record.texts |= record.texts

    def _find_lost(self) -> list[str]:
        """What nobody sends but those that would be left out."""
        left_out, sent = set(self._left_out or ()), self._record.tests
        kept = {one for name in sent.keys() - left_out for one in sent[name].statements}
        lost = {one: name for name in sorted(left_out & sent.keys()) for one in sent[name].statements - kept}
        return sorted(f"{self._record.texts[one]} ({name})" for one, name in lost.items())


def pytest_configure(config: pytest.Config) -> None:
    if _WHAT_TO_DO not in ("", "note", *_CHOOSING, "compare"):
        raise pytest.UsageError(f"TEST_STATEMENTS is {_WHAT_TO_DO!r}; give note, choose, again or compare.")
    if _WHAT_TO_DO:
        config.pluginmanager.register(Choice(config), "choice")
