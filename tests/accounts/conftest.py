"""What the tests of accounts share: time that stands still until it is told to pass."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.protocol import change_settings  # noqa: F401


class StoppedClock:
    def __init__(self):
        self.now = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

    def advance(self, **how_far: float) -> None:
        """Let time pass: ``advance(minutes=15)``."""
        self.now += timedelta(**how_far)


@pytest.fixture
def clock(monkeypatch) -> StoppedClock:
    clock = StoppedClock()
    monkeypatch.setattr("app.clock.now", lambda: clock.now)
    return clock
