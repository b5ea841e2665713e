"""What a scrape gets: the sum over all workers, in Prometheus' text format."""

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest, multiprocess

from app.metrics import kinds
from app.metrics.sharing import Place

#: Of what :func:`render` returns.
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def render() -> bytes:
    """Returns every metric as text."""
    kinds.read_all()
    registry = kinds.State.own
    if Place.folder is not None:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, str(Place.folder))
    return generate_latest(registry)
