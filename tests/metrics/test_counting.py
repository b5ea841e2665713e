"""What is counted, and under which labels."""

import errno
import os
import re

import pytest

from app import metrics
from app.limits import table
from app.metrics import kinds, sharing
from app.metrics.kinds import Counter, Gauge, Histogram
from app.oauth.exchange import exchange
from app.oauth.journal.record import AUTHORIZE, DEVICE, PUSHED, TOKEN
from app.oauth.refusals import Reason


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Rows and numbers of this test's own, in this process alone."""
    monkeypatch.setattr(kinds, "_rows", [])
    monkeypatch.setattr(kinds.State, "own", kinds.CollectorRegistry())


def lines() -> list[str]:
    """What a scrape says, without the comments."""
    return [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]


def test_what_happened_is_counted():
    hits = Counter("hits_total", "Hits.", limit=("sign_in", "sign_up"))
    hits.inc("sign_in")
    hits.inc("sign_in", by=2)
    assert lines() == ['reliquary_hits_total{limit="sign_in"} 3.0']


def test_what_no_row_knows_is_counted_as_other():
    """Nobody chooses a label by what they send."""
    hits = Counter("hits_total", "Hits.", limit=("sign_in",), status=("4xx",))
    for value in ("", "https://evil.example/", "sign_in\n", "x" * 1000):
        hits.inc(value, "4xx")
    assert lines() == ['reliquary_hits_total{limit="other",status="4xx"} 4.0']


def test_a_label_of_our_own_values_has_a_bound_too():
    hits = Counter("hits_total", "Hits.", reason=3)
    for number in range(1000):
        hits.inc(f"reason {number % 100}")
    assert len(lines()) == 4 and 'reliquary_hits_total{reason="other"} 970.0' in lines()


def test_how_long_something_took_is_told_in_buckets():
    took = Histogram("took_seconds", "Took.", buckets=(0.1, 1.0), route=2)
    for seconds in (0.05, 0.5, 5):
        took.observe(seconds, "/x")
    told = [re.sub(r'.*le="([^"]+)".* ', r"\1 ", line) for line in lines() if "_bucket" in line]
    assert told == ["0.1 1.0", "1.0 2.0", "+Inf 3.0"]
    assert 'reliquary_took_seconds_sum{route="/x"} 5.55' in lines()


def test_what_is_asked_for_is_asked_when_somebody_wants_to_know():
    waiting = Gauge("waiting", "Waiting.", kind=("a", "b"))
    numbers = {("a",): 1.0}
    waiting.read_by(lambda: numbers)
    assert lines() == ['reliquary_waiting{kind="a"} 1.0']
    numbers["a",] = 7.0
    assert lines() == ['reliquary_waiting{kind="a"} 7.0']


def test_a_number_that_cannot_be_told_does_not_cost_the_others(caplog):
    broken, whole = Gauge("broken", "Broken."), Gauge("whole", "Whole.")
    broken.read_by(lambda: 1 / 0)
    whole.read_by(lambda: {(): 1.0})
    assert lines() == ["reliquary_whole 1.0"]
    assert "reliquary_broken could not be read: ZeroDivisionError" in caplog.text


def test_nothing_is_counted_where_nobody_can_read_it(monkeypatch):
    monkeypatch.setattr(kinds.State, "is_on", True)
    hits, took, now = Counter("hits_total", "Hits."), Histogram("took", "Took.", (1.0,)), Gauge("now", "Now.")
    now.read_by(lambda: {(): 1.0})
    metrics.turn_off()
    hits.inc()
    took.observe(1)
    now.set(1)
    assert lines() == []


def test_every_metric_says_what_it_is():
    """Names as Prometheus has them: our own prefix, and a unit or ``_total`` at the end."""
    for name, row in vars(metrics.series).items():
        if not isinstance(row, kinds._Row):
            continue
        assert name.isupper() and row.name.startswith("reliquary_") and row.told.endswith(".")
        assert isinstance(row, Counter) == row.name.endswith("_total"), row.name
        assert not isinstance(row, Histogram) or row.name.endswith("_seconds"), row.name


# -- several workers -----------------------------------------------------------------------------


@pytest.fixture
def shared(monkeypatch, tmp_path):
    """As a server with several workers counts; its folder is removed as at a server's end."""
    monkeypatch.setattr(kinds.values, "ValueClass", kinds.values.ValueClass)
    monkeypatch.setattr(sharing, "_PARENT", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(sharing.Place, "number", "0")
    folder = metrics.share()
    yield folder
    metrics.leave()
    assert not folder.exists()


def test_any_worker_tells_the_sum_of_all(shared):
    hits, up = Counter("hits_total", "Hits."), Gauge("up", "Up.")
    for place in (1, 2):
        metrics.become_worker(place)
        hits.inc(by=place)
        up.set(1)
    assert sorted(lines()) == ["reliquary_hits_total 3.0", "reliquary_up 2.0"]


def test_who_takes_a_place_goes_on_with_its_numbers(shared):
    """A worker that was killed is forgotten, but not what it counted; and no file is left over."""
    hits, up = Counter("hits_total", "Hits."), Gauge("up", "Up.")
    for _ in range(20):
        metrics.become_worker(1)
        hits.inc()
        up.set(1)
        metrics.forget_worker(1)
        # Where the next one is forked.
        sharing.Place.number = "0"
        hits.inc(by=0)
    metrics.become_worker(1)
    hits.inc()
    assert sorted(lines()) == ["reliquary_hits_total 21.0", "reliquary_up 0.0"]
    assert len(list(shared.glob("*_1.db"))) == 5


def test_few_known_series_begin_at_zero(shared):
    """An alert sees a rise only from a number that was there before."""
    Counter("replays_total", "Replays.", presented=("code", "refresh_token"))
    Counter("many_total", "Many.", a=tuple("abcdefghi"), b=tuple("abcdefghi"))
    Counter("open_total", "Open.", reason=10)
    metrics.become_worker(1)
    assert sorted(lines()) == [
        f'reliquary_replays_total{{presented="{what}"}} 0.0' for what in ("code", "refresh_token")
    ]


def test_the_folder_is_private(shared):
    assert shared.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_server_left_is_removed_and_what_another_uses_is_not(shared, tmp_path):
    left = tmp_path / "reliquary-metrics-left"
    left.mkdir()
    (left / "in-use").touch()
    (tmp_path / "somebody-elses").mkdir()
    sharing._remove_left_over()
    assert not left.exists() and shared.exists() and (tmp_path / "somebody-elses").exists()


def test_where_there_is_no_room_a_worker_works_and_counts_nothing(shared, monkeypatch, caplog):
    """Not as it would be by itself: a file with holes in a full memory kills the process that writes into one."""
    monkeypatch.setattr(kinds.State, "is_on", True)

    def is_full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", is_full)
    hits = Counter("hits_total", "Hits.")
    metrics.become_worker(1)
    hits.inc()
    assert lines() == [] and "Nothing is counted by this worker" in caplog.text


def test_the_files_have_room_for_all_that_there_may_be(shared, app, monkeypatch):
    """Each route, in each class of status: then no file grows, which would make a hole in it."""
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    took = Histogram(
        "http_request_duration_seconds", "x" * 50, buckets=metrics.REQUEST_SECONDS._options["buckets"], route=300, s=4
    )
    metrics.become_worker(1)
    sizes = {path.name: path.stat().st_size for path in shared.glob("*_1.db")}
    for route in routes:
        for status in ("2xx", "3xx", "4xx", "5xx"):
            took.observe(0.1, route, status)
    assert len(routes) < 250 and {path.name: path.stat().st_size for path in shared.glob("*_1.db")} == sizes


def test_each_grant_type_and_each_door_of_the_protocol_is_counted_by_its_name():
    """What no row knows is “other”: a grant that is added would vanish there."""
    grants = {grant.GRANT_TYPE for grant, _extensions in exchange._token_grants}
    assert grants == set(metrics.TOKENS_ISSUED._labels["grant_type"])
    assert {AUTHORIZE, TOKEN, PUSHED, DEVICE} <= set(metrics.REFUSED._labels["endpoint"])


def test_each_limit_and_each_reason_has_a_series_of_its_own():
    """The one that is hit last, of too many, would be “other”."""
    limits = {one.name for one in vars(table).values() if isinstance(one, table.Limit)}
    assert len(limits) <= metrics.LIMITS_HIT._labels["limit"]
    assert len(Reason) <= metrics.REFUSED._labels["reason"]
