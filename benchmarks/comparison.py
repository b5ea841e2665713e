"""Comparing contenders operation by operation, in turns, so that a busy neighbour disturbs all alike."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Protocol

from benchmarks.load import Answer
from benchmarks.operations import BARE, OPERATIONS, Operation, Request, Site, check

#: Who is compared: the product, the product without prepared statements, a bare route in Flask and one without it, and
#: another server.
PRODUCT, UNPREPARED, FLASK, WSGI, PEER = "product", "unprepared", "bare", "wsgi", "peer"

#: Makes so many requests, which may need the answers to the stage before; with what each is answered, and whether it
#: is what is measured or only makes what that needs.
Stage = tuple[Callable[[int, list[Answer]], list[Request]], int, bool]
#: The stages of each operation, by its name.
Stages = Mapping[str, tuple[Stage, ...]]

#: Rounds that are not counted, and requests in each at least: PostgreSQL has planned a statement for good only when a
#: connection has sent it a dozen times, and some connections are seldom used.
_WARM, _WARM_REQUESTS = 3, 160


class Runner(Protocol):
    """Where requests are run: in process, or through servers."""

    def run(self, target: str, requests: list[Request]) -> tuple[float, list[Answer]]: ...

    def database_seconds(self, target: str) -> dict[int, float]: ...


@dataclass(frozen=True, slots=True)
class Spent:
    """What one such operation took in one round, in seconds: the server's processor time, the database server's, and
    for each the time until it was answered."""

    server: float
    database: float
    waits: list[float]

    @property
    def total(self) -> float:
        return self.server + self.database


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operation, and what each contender spent in the same rounds."""

    operation: Operation
    spent: dict[str, list[Spent]] = field(default_factory=dict)

    def ratios(self, one: str, other: str) -> list[float]:
        """The processor time of one's server and database as a multiple of the other's, one a round."""
        pairs = zip(self.spent[one], self.spent[other], strict=True)
        return [ours.total / theirs.total for ours, theirs in pairs]

    def ratio(self, one: str, other: str) -> float:
        return median(self.ratios(one, other))

    @property
    def multiples(self) -> list[float]:
        """The server's processor time as a multiple of the bare Flask route's, one a round."""
        pairs = zip(self.spent[PRODUCT], self.spent[FLASK], strict=True)
        return [ours.server / bare.server for ours, bare in pairs]

    def wait(self, target: str, percent: int) -> float:
        """For how many milliseconds so many of a hundred requests waited at most."""
        return percentile([wait for one in self.spent[target] for wait in one.waits], percent)


def percentile(waits: Iterable[float], percent: int) -> float:
    """Returns it in milliseconds."""
    return quantiles((wait * 1e3 for wait in waits), n=100, method="inclusive")[percent - 1]


def stages_of(site: Site) -> Stages:
    """What our own requests need is made without asking the server."""
    return {
        operation.name: tuple(
            (lambda count, answers, make=make: make(site, count, answers), status, True)
            for make, status in operation.stages
        )
        for operation in OPERATIONS
    }


def bare_stages(site: Site) -> Stages:
    """One yardstick for every operation."""
    make, status = BARE.stages[0]
    stage = (lambda count, answers: make(site, count, answers), status, True)
    return {operation.name: (stage,) for operation in OPERATIONS}


def compare(
    runner: Runner,
    contenders: Mapping[str, Stages],
    *,
    rounds: int,
    count: int,
    seconds: float,
    operations: Iterable[Operation] = OPERATIONS,
    when_warm: Callable[[], None] = lambda: None,
) -> list[Comparison]:
    """Every operation, in so many rounds of ``count`` requests each; fewer when ``seconds`` are over before."""
    comparisons = [Comparison(operation, {name: [] for name in contenders}) for operation in operations]
    names = list(contenders)
    for comparison in comparisons:
        for name in names:
            for _ in range(_WARM):
                _run(runner, name, contenders[name][comparison.operation.name], max(count, _WARM_REQUESTS))
    when_warm()
    deadline = time.monotonic() + seconds
    for done in range(rounds):
        if done >= 3 and time.monotonic() > deadline:
            break
        for number, comparison in enumerate(comparisons, done):
            # Nobody is always the one that comes after a certain other.
            first = number % len(names)
            for name in names[first:] + names[:first]:
                stages = contenders[name][comparison.operation.name]
                comparison.spent[name].append(_run(runner, name, stages, count))
    return comparisons


def _run(runner: Runner, target: str, stages: tuple[Stage, ...], count: int) -> Spent:
    server, database, answers = 0.0, 0.0, []
    waits = [0.0] * count
    for make_requests, status, is_measured in stages:
        requests = make_requests(count, answers)
        before = runner.database_seconds(target)
        spent, answers = runner.run(target, requests)
        check(answers, status)
        if is_measured:
            after = runner.database_seconds(target)
            server += spent
            database += sum(used - before.get(pid, 0.0) for pid, used in after.items())
            waits = [wait + answer.seconds for wait, answer in zip(waits, answers, strict=True)]
    return Spent(server / count, database / count, waits)
