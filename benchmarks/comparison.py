"""Comparing operations with the bare route, in turns, so that a busy neighbour disturbs both alike."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Protocol

from benchmarks.load import Answer
from benchmarks.operations import BARE, OPERATIONS, Operation, Request, Site, check


class Runner(Protocol):
    """Where requests are run: in process, or through gunicorn."""

    def run(self, target: str, requests: list[Request]) -> tuple[float, list[Answer]]: ...

    def database_seconds(self) -> dict[int, float]: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operation against the bare route: processor time in microseconds, and its multiples, one a round."""

    operation: Operation
    microseconds: float
    bare_microseconds: float
    ratios: list[float]
    database_microseconds: float

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def compare(runner: Runner, site: Site, *, rounds: int, count: int, seconds: float) -> list[Comparison]:
    """Every operation, in so many rounds of ``count`` requests each; fewer when ``seconds`` are over before."""
    for operation in (BARE, *OPERATIONS):
        for _ in range(2):
            _run(runner, site, operation, count)
    samples: dict[str, list[tuple[float, float, float]]] = {operation.name: [] for operation in OPERATIONS}
    deadline = time.monotonic() + seconds
    for done in range(rounds):
        if done >= 3 and time.monotonic() > deadline:
            break
        for operation in OPERATIONS:
            bare, _ = _run(runner, site, BARE, count)
            samples[operation.name].append((bare, *_run(runner, site, operation, count)))
    return [_summarize(operation, samples[operation.name]) for operation in OPERATIONS]


def _run(runner: Runner, site: Site, operation: Operation, count: int) -> tuple[float, float]:
    """Seconds for one such operation: the app's, and the database server's."""
    seconds, database_seconds, answers = 0.0, 0.0, []
    for make_requests, status in operation.stages:
        requests = make_requests(site, count, answers)
        before = runner.database_seconds()
        spent, answers = runner.run("bare" if operation is BARE else "product", requests)
        check(answers, status)
        seconds += spent
        after = runner.database_seconds()
        database_seconds += sum(used - before.get(pid, 0.0) for pid, used in after.items())
    return seconds / count, database_seconds / count


def _summarize(operation: Operation, samples: list[tuple[float, float, float]]) -> Comparison:
    return Comparison(
        operation=operation,
        microseconds=median(ours for _, ours, _ in samples) * 1e6,
        bare_microseconds=median(bare for bare, _, _ in samples) * 1e6,
        ratios=[ours / bare for bare, ours, _ in samples],
        database_microseconds=median(database for _, _, database in samples) * 1e6,
    )


def table(comparisons: list[Comparison], target_of: Callable[[Operation], float | None]) -> Iterator[str]:
    """The lines of a Markdown table."""
    with_database = any(comparison.database_microseconds for comparison in comparisons)
    bare = median(comparison.bare_microseconds for comparison in comparisons)
    rows = [
        ["operation", "µs", "× bare", "middle half", "target", "PostgreSQL µs"],
        ["---", "--:", "--:", "--:", "--:", "--:"],
        [BARE.name, f"{bare:.0f}", "1.00", "", "", ""],
        *(_row(comparison, target_of(comparison.operation)) for comparison in comparisons),
    ]
    for name, *cells in rows:
        yield f"| {name:<20} | " + " | ".join(f"{cell:>13}" for cell in cells[: 5 if with_database else 4]) + " |"


def _row(comparison: Comparison, target: float | None) -> list[str]:
    lower, _, upper = quantiles(comparison.ratios, n=4)
    return [
        comparison.operation.name,
        f"{comparison.microseconds:.0f}",
        f"{comparison.ratio:.2f}",
        f"{lower:.2f}–{upper:.2f}",
        "" if target is None else f"≤ {target:g}" + ("" if comparison.ratio <= target else " MISSED"),
        f"{comparison.database_microseconds:.0f}",
    ]
