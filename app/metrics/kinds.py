"""Counters, gauges and histograms of ``prometheus_client``, with labels whose values are known beforehand.

The library chooses when a metric is made whether it is this process's own or shared with other workers; so ours are
made when they are first used.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import product
from typing import Any, Literal

import prometheus_client
from prometheus_client import CollectorRegistry, disable_created_metrics, values

disable_created_metrics()
# Whatever the environment says of other programs' metrics: ours are shared by app.metrics.sharing alone.
values.ValueClass = values.MutexValue

#: What every value is counted as that no row knows.
OTHER = "other"
#: Rows with no more series than this begin at zero: an alert sees a rise from nothing only where there was a zero.
_MOST_ZEROS = 64

_log = logging.getLogger(__name__)
_making = threading.Lock()
_rows: list["_Row"] = []

#: The values that a label may have: these, or so many different ones that our own code chooses.
Values = Collection[str] | int
Reading = Callable[[], Mapping[tuple[str, ...], float]]


class State:
    """Whether anything is counted, and the metrics of this process, where it shares them with no other."""

    is_on = True
    own = CollectorRegistry()


class _Row:
    """One metric, with all of its series."""

    _kind: type[Any]

    def __init__(self, name: str, told: str, options: dict[str, Any], labels: dict[str, Values]) -> None:
        self.name, self.told = f"reliquary_{name}", told
        self._options, self._labels = options, labels
        self._open = [set[str]() for _ in labels]
        self._metric: Any = None
        self._children: dict[tuple[str, ...], Any] = {}
        _rows.append(self)

    def forget(self) -> None:
        """Begin anew."""
        self._metric, self._children = None, {}

    def begin_at_zero(self) -> None:
        """Make the series that are known beforehand, where they are few."""
        known = [() if isinstance(allowed, int) else tuple(allowed) for allowed in self._labels.values()]
        combinations = list(product(*known))
        if len(combinations) <= _MOST_ZEROS:
            for combination in combinations:
                self._of(combination)

    def _of(self, labels: tuple[str, ...]) -> Any:
        """The library's own for these values of the labels."""
        child = self._children.get(labels)
        return self._make(labels) if child is None else child

    def _make(self, labels: tuple[str, ...]) -> Any:
        with _making:
            if self._metric is None:
                self._metric = self._kind(self.name, self.told, list(self._labels), registry=State.own, **self._options)
            known = tuple(self._known(place, value) for place, value in enumerate(labels))
            child = self._children.get(known)
            if child is None:
                child = self._children[known] = self._metric.labels(*known) if known else self._metric
            return child

    def _known(self, place: int, value: str) -> str:
        allowed = list(self._labels.values())[place]
        if not isinstance(allowed, int):
            return value if value in allowed else OTHER
        seen = self._open[place]
        if value not in seen and len(seen) < allowed:
            seen.add(value)
        return value if value in seen else OTHER


class Counter(_Row):
    """How often something happened."""

    _kind = prometheus_client.Counter

    def __init__(self, name: str, told: str, **labels: Values) -> None:
        super().__init__(name, told, {}, labels)

    def inc(self, *labels: str, by: float = 1) -> None:
        """Count it once more, or ``by`` so much."""
        if State.is_on:
            self._of(labels).inc(by)


class Histogram(_Row):
    """How long something took, in seconds."""

    _kind = prometheus_client.Histogram

    def __init__(self, name: str, told: str, buckets: tuple[float, ...], **labels: Values) -> None:
        super().__init__(name, told, {"buckets": buckets}, labels)

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one that took so long."""
        if State.is_on:
            self._of(labels).observe(seconds)


class Gauge(_Row):
    """What is so at the moment. ``across`` says what several workers' values are together."""

    _kind = prometheus_client.Gauge

    def __init__(
        self, name: str, told: str, across: Literal["livesum", "livemax", "mostrecent"] = "livesum", **labels: Values
    ) -> None:
        super().__init__(name, told, {"multiprocess_mode": across}, labels)
        self._read: Reading | None = None

    def set(self, value: float, *labels: str) -> None:
        """Say what it is now."""
        if State.is_on:
            self._of(labels).set(value)

    def read_by(self, read: Reading) -> None:
        """Ask ``read`` for each series (values of the labels -> number) when somebody wants to know."""
        self._read = read

    def read(self) -> None:
        """Ask now."""
        if self._read is None or not State.is_on:
            return
        try:
            for labels, value in self._read().items():
                self.set(value, *labels)
        # A number that cannot be told must not cost us the others.
        except Exception as error:
            _log.warning("%s could not be read: %s", self.name, type(error).__name__)


def rows() -> Iterator[_Row]:
    """Every row there is."""
    return iter(_rows)


def begin_anew() -> None:
    """Forget everything, for a process that is about to share what it counts."""
    State.is_on, State.own = True, CollectorRegistry()
    for row in _rows:
        row.forget()


def read_all() -> None:
    """Ask for everything that is only known when it is asked for."""
    for row in _rows:
        if isinstance(row, Gauge):
            row.read()
