"""What a run of the benchmarks says it reached is what it measured."""

import pytest

from benchmarks.aims import Verdicts, most_p99
from benchmarks.comparison import FLASK, PEER, PRODUCT, WSGI, Comparison, Spent
from benchmarks.operations import OPERATIONS

_INTROSPECTION = next(operation for operation in OPERATIONS if operation.name == "introspection")
_REFRESH = next(operation for operation in OPERATIONS if operation.name == "refresh")


def _spent(server=0.0, database=0.0, waits=(0.001, 0.001, 0.001)):
    # The second round was on a machine twice as slow.
    return [Spent(server, database, list(waits)), Spent(2 * server, 2 * database, list(waits))]


def _cells(verdicts):
    head, _, *rows, _reached = verdicts.table()
    names = [cell.strip() for cell in head.split("|")[2:-1]]
    return [dict(zip(names, (cell.strip() for cell in row.split("|")[2:-1]), strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("backend", "database", "told"),
    [
        ("sqlite", 0.0, "1.20 ≤ 1.2"),
        ("postgresql", 0.0, "1.20 ≤ 1 MISSED"),
        # What the database does counts, for both.
        ("postgresql", 0.002, "1.07 ≤ 1 MISSED"),
    ],
)
def test_time_is_a_multiple_of_the_peers_in_the_same_round(backend, database, told):
    spent = {PRODUCT: _spent(0.0012, database), PEER: _spent(0.001, database), FLASK: _spent(0.001)}
    verdicts = Verdicts()
    verdicts.judge_time(backend, [Comparison(_INTROSPECTION, spent)])
    assert _cells(verdicts)[0] == {"introspection": told}


@pytest.mark.parametrize(
    ("backend", "server", "told"),
    [
        ("sqlite", 0.78 * 1.2, "1.20 ≤ 1.2"),
        ("sqlite", 0.78 * 1.3, "1.30 ≤ 1.2 MISSED"),
        ("postgresql", 1.30 + 0.40, "1.00 ≤ 1"),
    ],
)
def test_without_a_peer_the_bare_route_tells_what_it_would_need(backend, server, told):
    verdicts = Verdicts()
    verdicts.judge_time(backend, [Comparison(_INTROSPECTION, {PRODUCT: _spent(server), FLASK: _spent(1.0)})])
    assert _cells(verdicts) == [{"introspection": told}]


@pytest.mark.parametrize(
    ("backend", "waits", "told"),
    [
        # A slow one may have a tail.
        ("postgresql", [0.004, 0.004, 0.039], "39.0 ≤ 40"),
        ("postgresql", [0.004, 0.004, 0.049], "49.0 ≤ 40 MISSED"),
        # A fast one waits no longer than a bare app.
        ("postgresql", [0.001, 0.001, 0.005], "5.00 ≤ 5.1"),
        ("postgresql", [0.001, 0.001, 0.006], "6.00 ≤ 5.1 MISSED"),
        # SQLite's writers have a limit of their own.
        ("sqlite", [0.004, 0.004, 0.039], "39.0 ≤ 20 MISSED"),
    ],
)
def test_tails_are_held_against_the_median_or_a_bare_app(backend, waits, told):
    spent = {PRODUCT: _spent(waits=waits), WSGI: _spent(waits=[0.001, 0.002, 0.0051])}
    verdicts = Verdicts()
    verdicts.judge_tails(backend, [Comparison(_REFRESH, spent)])
    assert _cells(verdicts) == [{"refresh": told}]


def test_the_last_line_counts_what_is_reached():
    verdicts = Verdicts()
    few, many = {"few": _spent(1.0), "many": _spent(1.05)}, {"few": _spent(1.0), "many": _spent(1.2)}
    verdicts.judge_size("sqlite", [Comparison(_REFRESH, few), Comparison(_INTROSPECTION, many)], "few", "many")
    assert list(verdicts.table())[-1].strip() == "Reached: 1 of 2."
    assert _cells(verdicts) == [{"refresh": "1.05 ≤ 1.1", "introspection": "1.20 ≤ 1.1 MISSED"}]


def test_a_median_of_two_milliseconds_is_where_tails_are_allowed():
    assert most_p99(2.0, 1.0) == 20.0
    assert most_p99(1.99, 3.0) == 3.0
