"""What this server counts and measures, for Prometheus: plain functions that any package may call, and no Flask.

To count something of its own, a package takes a row of :mod:`app.metrics.series`, or adds one, and calls it where the
thing happens::

    from app import metrics

    metrics.LIMITS_HIT.inc("sign_in")
    metrics.DATABASE_WAIT.observe(seconds, "connection")
    metrics.DATABASE_UP.set(1)
    metrics.POOL_CONNECTIONS.read_by(lambda: {("in_use",): 3.0})   # asked when somebody wants to know

Each costs a few microseconds. Where nobody can read the numbers (no ``MANAGEMENT_PORT``) it costs next to nothing.

Labels never hold what a stranger chooses: a row names the values that it knows, or how many of our own it may get, and
everything else is counted as ``other``. No label is a client id, a path, a person or an address.
"""

from app.metrics.kinds import Counter, Gauge, Histogram
from app.metrics.page import content_type, render
from app.metrics.series import *  # noqa: F403
from app.metrics.sharing import become_worker, forget_worker, leave, share, turn_off
from app.metrics.watching import watch

__all__ = [
    "Counter",
    "Gauge",
    "Histogram",
    "become_worker",
    "content_type",
    "forget_worker",
    "leave",
    "render",
    "share",
    "turn_off",
    "watch",
]
