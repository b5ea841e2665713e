"""What the tests of clients from elsewhere share: the packages they need."""

import pytest

from tests.elsewhere.installed import Elsewhere, install, missing


@pytest.fixture(scope="session")
def elsewhere() -> Elsewhere:
    """The packages from npm. A machine without Node.js skips; one that cannot install them fails."""
    if reason := missing():
        pytest.skip(reason)
    return install()
