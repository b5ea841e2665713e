"""Each statement of each endpoint fails here; the quick suite, which walks the same journeys, fails some of them."""

from tests.robustness.statements.conftest import *  # noqa: F403
from tests.robustness.statements.test_accounts import *  # noqa: F403
from tests.robustness.statements.test_api import *  # noqa: F403
from tests.robustness.statements.test_every_endpoint import *  # noqa: F403
from tests.robustness.statements.test_organization import *  # noqa: F403
from tests.robustness.statements.test_person import *  # noqa: F403
from tests.robustness.statements.test_protocol import *  # noqa: F403
