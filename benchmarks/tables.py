"""What is printed: Markdown tables."""

from collections.abc import Callable, Iterable, Iterator
from statistics import median, quantiles

from benchmarks.comparison import FLASK, PEER, PRODUCT, UNPREPARED, WSGI, Comparison, Spent, percentile
from benchmarks.operations import BARE, Operation

_PERCENTS = (50, 95, 99)
_NAMES = {FLASK: BARE.name, WSGI: "bare WSGI app"}


def show(title: str, lines: Iterable[str]) -> None:
    """Print a table under its title, at once."""
    print(f"\n{title}\n", *lines, sep="\n", flush=True)


def lines(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """The lines of a table whose first column has names."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, ["---", *["--:"] * (len(head) - 1)], *rows):
        cells = [
            f"{row[0]:<{widths[0]}}",
            *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield f"| {' | '.join(cells)} |"


def product_table(comparisons: list[Comparison], target_of: Callable[[Operation], float | None]) -> Iterator[str]:
    """Processor time, and what one of eight connections waits where there is a server."""
    every = [spent for comparison in comparisons for spent in comparison.spent[PRODUCT]]
    with_database = any(spent.database for spent in every)
    with_server = any(spent.waits[0] for spent in every)
    head = ["operation", "µs", "× bare", "middle half", "aim"]
    head += ["PostgreSQL µs"] * with_database + ["p50 ms", "p95 ms", "p99 ms"] * with_server
    bare_rows = [_bare_row(comparisons, name, with_database, with_server) for name in (FLASK, WSGI)]
    yield from lines(
        head,
        [row for row in bare_rows if row]
        + [
            _row(comparison, target_of(comparison.operation))
            + ([_microseconds(one.database for one in comparison.spent[PRODUCT])] if with_database else [])
            + (_waits(comparison.spent[PRODUCT]) if with_server else [])
            for comparison in comparisons
        ],
    )


def peer_table(comparisons: list[Comparison]) -> Iterator[str]:
    """Our processor time and the peer's, server and database."""
    yield from lines(
        [
            "operation",
            "ours, µs",
            "with database",
            "peer's, µs",
            "with database",
            "× peer",
            "peer's p50 ms",
            "p95 ms",
            "p99 ms",
        ],
        [
            [
                comparison.operation.name,
                *(
                    _microseconds(value)
                    for name in (PRODUCT, PEER)
                    for value in (
                        [one.server for one in comparison.spent[name]],
                        [one.total for one in comparison.spent[name]],
                    )
                ),
                f"{comparison.ratio(PRODUCT, PEER):.2f}",
                *_waits(comparison.spent[PEER]),
            ]
            for comparison in comparisons
        ],
    )


def unprepared_table(comparisons: list[Comparison]) -> Iterator[str]:
    """What it costs not to prepare statements, as behind a pooler that cannot keep them."""
    yield from lines(
        ["server and PostgreSQL, × prepared", *(comparison.operation.name for comparison in comparisons)],
        [["prepared statements off"] + [f"{comparison.ratio(UNPREPARED, PRODUCT):.2f}" for comparison in comparisons]],
    )


def tail_table(waits: dict[str, list[float]]) -> Iterator[str]:
    """How long writers waited, by what they wrote, in milliseconds."""
    yield from lines(
        ["what", "requests", *(f"p{percent} ms" for percent in _PERCENTS), "longest ms"],
        [
            [
                what,
                str(len(some)),
                *(f"{percentile(some, percent):.1f}" for percent in _PERCENTS),
                f"{max(some) * 1e3:.1f}",
            ]
            for what, some in waits.items()
        ],
    )


def size_table(comparisons: list[Comparison], small: str, big: str, most: float) -> Iterator[str]:
    """The same operation on a small and on a big database."""
    yield from lines(
        [
            "operation",
            f"{small}, µs",
            f"{big}, µs",
            "ratio",
            "middle half",
            "aim",
            f"{small}, p99 ms",
            f"{big}, p99 ms",
        ],
        [
            [
                comparison.operation.name,
                *(_microseconds(one.total for one in comparison.spent[name]) for name in (small, big)),
                f"{comparison.ratio(big, small):.2f}",
                _middle_half(comparison.ratios(big, small)),
                aim(comparison.ratio(big, small), most),
                *(f"{comparison.wait(name, 99):.1f}" for name in (small, big)),
            ]
            for comparison in comparisons
        ],
    )


def aim(reached: float, most: float) -> str:
    """Says what was aimed at, and whether it was missed, by the digits that are printed."""
    return f"≤ {most:g}" + ("" if round(reached, 2) <= most else " MISSED")


def _bare_row(comparisons: list[Comparison], name: str, with_database: bool, with_server: bool) -> list[str]:
    if name not in comparisons[0].spent:
        return []
    spent = [one for comparison in comparisons for one in comparison.spent[name]]
    flask = [one for comparison in comparisons for one in comparison.spent[FLASK]]
    multiple = median(one.server / bare.server for one, bare in zip(spent, flask, strict=True))
    row = [_NAMES[name], _microseconds(one.server for one in spent), f"{multiple:.2f}", "", ""]
    return row + [""] * with_database + (_waits(spent) if with_server else [])


def _row(comparison: Comparison, target: float | None) -> list[str]:
    multiple = median(comparison.multiples)
    return [
        comparison.operation.name,
        _microseconds(one.server for one in comparison.spent[PRODUCT]),
        f"{multiple:.2f}",
        _middle_half(comparison.multiples),
        "" if target is None else aim(multiple, target),
    ]


def _middle_half(ratios: list[float]) -> str:
    lower, _, upper = quantiles(ratios, n=4)
    return f"{lower:.2f}–{upper:.2f}"


def _microseconds(seconds: Iterable[float]) -> str:
    return f"{median(seconds) * 1e6:.0f}"


def _waits(spent: list[Spent]) -> list[str]:
    return [f"{percentile((wait for one in spent for wait in one.waits), percent):.1f}" for percent in _PERCENTS]
