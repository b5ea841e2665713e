"""The only reader of time. Tests replace :func:`now`; nothing else asks the system."""

from datetime import UTC, datetime


def now() -> datetime:
    """Returns the present instant, aware, in UTC."""
    return datetime.now(UTC)
