"""The random walks, more and longer ones than in the quick suite and other ones each time, on both databases."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.walks.test_random_walks import clock
from tests.walks.walk import Walk

__all__ = ["clock"]

#: How many walks on each database: some minutes.
WALKS = int(os.environ.get("TEST_WALKS", "60"))


@pytest.mark.parametrize("steps", [40, 150])
def test_no_answer_and_no_credential_disagrees_with_the_model_on_long_walks(each_app, clock, steps):
    several = settings(
        max_examples=WALKS * 40 // steps,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Walk(each_app, clock), settings=several)
