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

    def other_seconds(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operation against the bare route: processor time in microseconds, and its multiples, one a round."""

    operation: Operation
    microseconds: float
    bare_microseconds: float
    ratios: list[float]
    database_microseconds: float | None

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def compare(runner: Runner, site: Site, *, rounds: int, count: int, seconds: float) -> list[Comparison]:
    """Every operation, in so many rounds of ``count`` requests each; fewer when ``seconds`` are over before."""
    for operation in (BARE, *OPERATIONS):
        for _ in range(2):
            _run(runner, site, operation, count)
    samples: dict[str, list[tuple[float, float, float | None]]] = {operation.name: [] for operation in OPERATIONS}
    deadline = time.monotonic() + seconds
    for done in range(rounds):
        if done >= 3 and time.monotonic() > deadline:
            break
        for operation in OPERATIONS:
            bare, _ = _run(runner, site, BARE, count)
            samples[operation.name].append((bare, *_run(runner, site, operation, count)))
    return [_summarize(operation, samples[operation.name]) for operation in OPERATIONS]


def _run(runner: Runner, site: Site, operation: Operation, count: int) -> tuple[float, float | None]:
    """Seconds for one such operation, the app's and the database server's."""
    seconds, database_seconds, answers = 0.0, None, []
    for make_requests, status in operation.stages:
        requests = make_requests(site, count, answers)
        before = runner.other_seconds()
        spent, answers = runner.run("bare" if operation is BARE else "product", requests)
        check(answers, status)
        seconds += spent
        if before is not None:
            database_seconds = (database_seconds or 0.0) + runner.other_seconds() - before
    return seconds / count, None if database_seconds is None else database_seconds / count


def _summarize(operation: Operation, samples: list[tuple[float, float, float | None]]) -> Comparison:
    database = [database for _, _, database in samples if database is not None]
    return Comparison(
        operation=operation,
        microseconds=median(ours for _, ours, _ in samples) * 1e6,
        bare_microseconds=median(bare for bare, _, _ in samples) * 1e6,
        ratios=[ours / bare for bare, ours, _ in samples],
        database_microseconds=median(database) * 1e6 if database else None,
    )


def table(comparisons: list[Comparison], target_of: Callable[[Operation], float | None]) -> Iterator[str]:
    """The lines of a Markdown table."""
    with_database = any(comparison.database_microseconds is not None for comparison in comparisons)
    bare = median(comparison.bare_microseconds for comparison in comparisons)
    yield _line("operation", "µs", "× bare", "middle half", "target", "PostgreSQL µs" if with_database else None)
    yield _line("---", "--:", "--:", "--:", "--:", "--:" if with_database else None)
    yield _line(BARE.name, f"{bare:.0f}", "1.00", "", "", "" if with_database else None)
    for comparison in comparisons:
        target = target_of(comparison.operation)
        verdict = "" if target is None else f"≤ {target:g}" + ("" if comparison.ratio <= target else " MISSED")
        lower, _, upper = quantiles(comparison.ratios, n=4)
        database = comparison.database_microseconds
        yield _line(
            comparison.operation.name,
            f"{comparison.microseconds:.0f}",
            f"{comparison.ratio:.2f}",
            f"{lower:.2f}–{upper:.2f}",
            verdict,
            None if not with_database else "" if database is None else f"{database:.0f}",
        )


def _line(name: str, *cells: str | None) -> str:
    return f"| {name:<20} | " + " | ".join(f"{cell:>13}" for cell in cells if cell is not None) + " |"
