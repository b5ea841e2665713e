"""What the tests of second factors share: Alice's phone."""

import pytest

from tests.accounts.conftest import StoppedClock
from tests.factors import Phone, set_up_phone


@pytest.fixture
def phone(app, alice, clock: StoppedClock) -> Phone:
    return set_up_phone(app, alice)
