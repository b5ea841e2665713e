"""What a scrape gets: the sum over all workers, in Prometheus' text format."""

from prometheus_client import CollectorRegistry, exposition, multiprocess

from app.metrics import kinds
from app.metrics.sharing import Place


def content_type() -> str:
    """Returns the type of what :func:`render` returns."""
    return str(exposition.CONTENT_TYPE_PLAIN_0_0_4)


def render() -> bytes:
    """Returns every metric as text."""
    kinds.read_all()
    registry = kinds.State.own
    if Place.folder is not None:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, str(Place.folder))
    return exposition.generate_latest(registry)
