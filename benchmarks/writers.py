"""How long writers wait for each other: eight connections on which everything that is asked for writes.

SQLite has one writer at a time, and who comes meanwhile waits.
"""

import random
from collections.abc import Mapping

from benchmarks.comparison import Stages
from benchmarks.load import Answer
from benchmarks.operations import Request, check
from benchmarks.through_gunicorn import ThroughGunicorn

ALL = "all of them"
#: What is written at once, and the operation whose first measured stage it is.
_KINDS = {
    "client credentials": "client credentials",
    "code exchange": "code exchange",
    "refresh": "refresh",
    "authorize": "authorize + token",
}


def write_at_once(
    runner: ThroughGunicorn, contenders: Mapping[str, Stages], *, rounds: int, count: int
) -> dict[str, dict[str, list[float]]]:
    """For each contender how long requests of each kind waited, in seconds: in turns, ``count`` of a kind a round."""
    waits: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in (*_KINDS, ALL)} for name in contenders}
    for done in range(rounds + 1):
        for name, stages in contenders.items():
            some = _write(runner, name, stages, count)
            # The first round only warms up.
            for kind, longer in some.items() if done else ():
                waits[name][kind] += longer
                waits[name][ALL] += longer
    return waits


def _write(runner: ThroughGunicorn, name: str, stages: Stages, count: int) -> dict[str, list[float]]:
    asked: list[tuple[str, int, Request]] = []
    for kind, operation in _KINDS.items():
        answers: list[Answer] = []
        for make_requests, status, is_measured in stages[operation]:
            requests = make_requests(count, answers)
            if is_measured:
                asked += ((kind, status, request) for request in requests)
                break
            _, answers = runner.run(name, requests)
            check(answers, status)
    random.shuffle(asked)
    _, answers = runner.run(name, [request for _, _, request in asked])
    waits: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    for (kind, status, _), answer in zip(asked, answers, strict=True):
        check([answer], status)
        waits[kind].append(answer.seconds)
    return waits
