"""How many examples a property is tried with: a few, the same each time; with ``TEST_LONG=1`` many, other ones each time."""

import os

from hypothesis import HealthCheck, settings

IS_LONG = os.environ.get("TEST_LONG") == "1"
_TIMES = 25


def examples(few: int, **more) -> settings:
    """Settings for ``few`` examples. No time is limited, and none is kept for the next run."""
    return settings(
        max_examples=few * _TIMES if IS_LONG else few,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        # The fixtures' rows may stay from one example to the next: no example counts on there being none.
        suppress_health_check=list(HealthCheck),
        **more,
    )
