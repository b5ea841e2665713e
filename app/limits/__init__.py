"""How often something may be tried.

One interface, :class:`app.limits.counting.Limits`, over three stores of the ``limits`` library: Redis when ``REDIS_URL``
names one, else our database; and the memory of each process, for what is counted there alone and for the time in which
the other is away. :mod:`app.limits.table` lists what is limited.
"""

from flask import Flask


def register(_app: Flask) -> None:
    """Make the tables of this package known. Not every module of it: one is for who has a Redis."""
    from app.limits import models  # noqa: F401
