"""Each statement of each endpoint fails here; the quick suite, which walks the same journeys, fails some of them."""

from tests.robustness.statements.conftest import *  # noqa: F403
from tests.robustness.statements.test_every_statement import *  # noqa: F403
