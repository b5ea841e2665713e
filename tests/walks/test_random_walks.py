"""Random walks of two people and their apps: no answer ever disagrees with a small model, and no credential either.

``TEST_LONG=1`` walks many more, other ones each time; ``make test-fleet`` longer ones, on both databases.
"""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.properties import examples
from tests.walks.walk import Walk
from tests.walks.world import Clock


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("app.clock.now", clock.now)
    return clock


def test_no_answer_and_no_credential_ever_disagrees_with_the_model(app, clock):
    run_state_machine_as_test(lambda: Walk(app, clock), settings=examples(2, stateful_step_count=40))
