"""What is aimed at, and whether a run reached it.

Processor time is that of the server and, on PostgreSQL, of the database, as a multiple of node oidc-provider's on the
same database in the same run. Where there is no Node.js, what it needs is told from the bare Flask route of the same
run, by the multiples that a run with both has shown.
"""

from collections.abc import Iterator
from statistics import median

from benchmarks.comparison import FLASK, PEER, PRODUCT, WSGI, Comparison, percentile
from benchmarks.tables import lines

TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

#: The most that an operation may cost, as a multiple of node oidc-provider: on SQLite, and on PostgreSQL.
_MULTIPLES = {
    "client credentials": (1.1, 1.0),
    "introspection": (1.2, 1.0),
    "refresh": (1.0, 0.7),
    "authorize + token": (1.1, 0.9),
    "GET /api/me/": (1.1, 0.8),
    "metadata": (1.6, 1.6),
}
#: What node oidc-provider costs as a multiple of the bare Flask route: its own time on SQLite and on PostgreSQL, and
#: PostgreSQL's beside it.
_PEER_IN_BARE = {
    "client credentials": (1.09, 1.43, 0.43),
    "introspection": (0.78, 1.30, 0.40),
    "refresh": (1.96, 3.57, 1.89),
    "authorize + token": (4.63, 7.14, 3.26),
    "GET /api/me/": (0.87, 1.74, 0.59),
    "metadata": (0.40, 0.47, 0.0),
}
#: The longest that 99 of 100 may wait on SQLite, in milliseconds.
_LONGEST_ON_SQLITE = {"refresh": 20.0, "authorize + token": 35.0}
#: Where half of the requests wait at least so long, in milliseconds, 99 of 100 wait at most so many times as long;
#: where they wait less, no longer than those of a bare WSGI app.
_SLOW, _TAIL = 2.0, 10.0
#: The most that an operation may cost with many tokens, as a multiple of what it costs with few.
MANY_TOKENS = 1.1
#: The most that a worker may occupy, in 10^6 bytes.
MEMORY = 65.0


class Verdicts:
    """The rows of the last table, one after the other as they are known."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, dict[str, tuple[float, float | None]]]] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def judge_time(self, backend: str, comparisons: list[Comparison]) -> None:
        """Compare the processor time with the peer's, and with what it would be by the bare route: that counts without a peer."""
        has_peer = PEER in comparisons[0].spent
        if has_peer:
            cells = {one.operation.name: (one.ratio(PRODUCT, PEER), _most(backend, one)) for one in comparisons}
            self._rows.append((f"{TITLES[backend]}, × node oidc-provider", cells))
        told = {
            one.operation.name: (_ratio_by_bare_route(backend, one), None if has_peer else _most(backend, one))
            for one in comparisons
            if one.operation.name in _PEER_IN_BARE
        }
        self._rows.append((f"{TITLES[backend]}, × what it is told to be by the bare Flask route", told))

    def judge_tails(self, backend: str, comparisons: list[Comparison]) -> None:
        """Compare how long the slowest requests wait with what they may."""
        bare_waits = [wait for one in comparisons for spent in one.spent[WSGI] for wait in spent.waits]
        bare_p99 = percentile(bare_waits, 99)
        cells: dict[str, tuple[float, float | None]] = {}
        for comparison in comparisons:
            name = comparison.operation.name
            most = most_p99(comparison.wait(PRODUCT, 50), bare_p99)
            if backend == "sqlite":
                most = min(most, _LONGEST_ON_SQLITE.get(name, most))
            cells[name] = comparison.wait(PRODUCT, 99), round(most, 1)
        self._rows.append((f"{TITLES[backend]}, p99 ms", cells))

    def judge_size(self, backend: str, comparisons: list[Comparison], small: str, big: str) -> None:
        """Compare what operations cost with many tokens with what they cost with few."""
        cells = {one.operation.name: (one.ratio(big, small), MANY_TOKENS) for one in comparisons}
        self._rows.append((f"{TITLES[backend]}, {big} ÷ {small}", cells))

    def table(self) -> Iterator[str]:
        """The lines of the table, and a last one that says how much of it is reached."""
        names = [name for name in (*_MULTIPLES, "code exchange") if any(name in cells for _, cells in self._rows)]
        yield from lines(
            ["", *names], [[title, *(_cell(cells.get(name)) for name in names)] for title, cells in self._rows]
        )
        aims = [cell for _, cells in self._rows for cell in cells.values() if cell[1] is not None]
        missed = sum(_is_missed(*cell) for cell in aims)
        yield f"\nReached: {len(aims) - missed} of {len(aims)}."


def most_p99(p50: float, bare_p99: float) -> float:
    """Returns how long 99 of 100 requests may wait, in milliseconds, when half of them wait so long."""
    return _TAIL * p50 if p50 >= _SLOW else bare_p99


def _most(backend: str, comparison: Comparison) -> float | None:
    found = _MULTIPLES.get(comparison.operation.name)
    return found[backend == "postgresql"] if found else None


def _ratio_by_bare_route(backend: str, comparison: Comparison) -> float:
    on_sqlite, on_postgresql, database = _PEER_IN_BARE[comparison.operation.name]
    peer = on_sqlite if backend == "sqlite" else on_postgresql + database
    pairs = zip(comparison.spent[PRODUCT], comparison.spent[FLASK], strict=True)
    return median(ours.total / (bare.server * peer) for ours, bare in pairs)


def _is_missed(reached: float, most: float | None) -> bool:
    return most is not None and round(reached, 2) > most


def _cell(cell: tuple[float, float | None] | None) -> str:
    if cell is None:
        return ""
    reached, most = cell
    told = f"{reached:.2f}" if reached < 10 else f"{reached:.1f}"
    return told if most is None else f"{told} ≤ {most:g}" + (" MISSED" if _is_missed(reached, most) else "")
