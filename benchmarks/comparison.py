"""Comparing operations with the bare route, and with a peer, in turns, so that a busy neighbour disturbs all alike."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Protocol

from benchmarks.load import Answer
from benchmarks.operations import BARE, OPERATIONS, Operation, Request, Site, check
from benchmarks.peers.node import Node, PeerStage


class Runner(Protocol):
    """Where requests are run: in process, or through gunicorn."""

    def run(self, target: str, requests: list[Request]) -> tuple[float, list[Answer]]: ...

    def database_seconds(self) -> dict[int, float]: ...


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
    """One operation, and the bare route and the peer in the same rounds."""

    operation: Operation
    spent: list[Spent] = field(default_factory=list)
    bare: list[Spent] = field(default_factory=list)
    peer: list[Spent] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """The server's processor time as a multiple of the bare route's, one a round."""
        return [ours.server / bare.server for ours, bare in zip(self.spent, self.bare, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def ratio_to_peer(self) -> float:
        """The processor time of server and database as a multiple of the peer's."""
        return median(ours.total / peer.total for ours, peer in zip(self.spent, self.peer, strict=True))


def compare(
    runner: Runner, site: Site, *, rounds: int, count: int, seconds: float, peer: Node | None = None
) -> list[Comparison]:
    """Every operation, in so many rounds of ``count`` requests each; fewer when ``seconds`` are over before."""
    comparisons = [Comparison(operation) for operation in OPERATIONS]
    for _ in range(2):
        _run(runner, "bare", _ours(BARE, site), count)
        for comparison in comparisons:
            _run(runner, "product", _ours(comparison.operation, site), count)
            if peer:
                _run(runner, "peer", peer.stages[comparison.operation.name], count)
    deadline = time.monotonic() + seconds
    for done in range(rounds):
        if done >= 3 and time.monotonic() > deadline:
            break
        for comparison in comparisons:
            comparison.bare.append(_run(runner, "bare", _ours(BARE, site), count))
            comparison.spent.append(_run(runner, "product", _ours(comparison.operation, site), count))
            if peer:
                comparison.peer.append(_run(runner, "peer", peer.stages[comparison.operation.name], count))
    return comparisons


def _ours(operation: Operation, site: Site) -> tuple[PeerStage, ...]:
    # What our own requests need is made without asking the server.
    return tuple(
        (lambda count, answers, make=make: make(site, count, answers), status, True)
        for make, status in operation.stages
    )


def _run(runner: Runner, target: str, stages: tuple[PeerStage, ...], count: int) -> Spent:
    server, database, answers = 0.0, 0.0, []
    waits = [0.0] * count
    for make_requests, status, is_measured in stages:
        requests = make_requests(count, answers)
        before = runner.database_seconds()
        spent, answers = runner.run(target, requests)
        check(answers, status)
        if is_measured:
            after = runner.database_seconds()
            server += spent
            database += sum(used - before.get(pid, 0.0) for pid, used in after.items())
            waits = [wait + answer.seconds for wait, answer in zip(waits, answers, strict=True)]
    return Spent(server / count, database / count, waits)


def table(comparisons: list[Comparison], target_of: Callable[[Operation], float | None]) -> Iterator[str]:
    """The lines of a Markdown table: processor time, and what one of eight connections waits where there is a server."""
    with_database = any(spent.database for comparison in comparisons for spent in comparison.spent)
    with_server = any(spent.waits[0] for comparison in comparisons for spent in comparison.spent)
    head = ["operation", "µs", "× bare", "middle half", "target"]
    head += ["PostgreSQL µs"] * with_database + ["p50 ms", "p95 ms", "p99 ms"] * with_server
    yield from _lines(
        [
            head,
            ["---", *["--:"] * (len(head) - 1)],
            _bare_row(comparisons, len(head)),
            *(
                _row(comparison, target_of(comparison.operation))
                + ([_microseconds(one.database for one in comparison.spent)] if with_database else [])
                + (_waits(comparison.spent) if with_server else [])
                for comparison in comparisons
            ),
        ]
    )


def peer_table(comparisons: list[Comparison]) -> Iterator[str]:
    """The lines of a Markdown table: our processor time and the peer's, server and database together."""
    yield from _lines(
        [
            ["operation", "ours, µs", "peer's, µs", "× peer", "peer's p50 ms", "p95 ms", "p99 ms"],
            ["---", *["--:"] * 6],
            *(
                [
                    comparison.operation.name,
                    _microseconds(one.total for one in comparison.spent),
                    _microseconds(one.total for one in comparison.peer),
                    f"{comparison.ratio_to_peer:.2f}",
                    *_waits(comparison.peer),
                ]
                for comparison in comparisons
            ),
        ]
    )


def _lines(rows: list[list[str]]) -> Iterator[str]:
    for name, *cells in rows:
        yield f"| {name:<20} | " + " | ".join(f"{cell:>13}" for cell in cells) + " |"


def _bare_row(comparisons: list[Comparison], width: int) -> list[str]:
    spent = [one for comparison in comparisons for one in comparison.bare]
    row = [BARE.name, _microseconds(one.server for one in spent), "1.00"]
    waits = _waits(spent) if spent[0].waits[0] else []
    return row + [""] * (width - len(row) - len(waits)) + waits


def _row(comparison: Comparison, target: float | None) -> list[str]:
    lower, _, upper = quantiles(comparison.ratios, n=4)
    return [
        comparison.operation.name,
        _microseconds(one.server for one in comparison.spent),
        f"{comparison.ratio:.2f}",
        f"{lower:.2f}–{upper:.2f}",
        "" if target is None else f"≤ {target:g}" + ("" if comparison.ratio <= target else " MISSED"),
    ]


def _microseconds(seconds: Iterator[float]) -> str:
    return f"{median(seconds) * 1e6:.0f}"


def _waits(spent: list[Spent]) -> list[str]:
    waits = [wait * 1e3 for one in spent for wait in one.waits]
    cuts = quantiles(waits, n=100)
    return [f"{cuts[percent - 1]:.1f}" for percent in (50, 95, 99)]
