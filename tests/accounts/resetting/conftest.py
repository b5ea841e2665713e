"""What the tests of forgotten passwords share."""

from tests.accounts.conftest import change_settings, clock  # noqa: F401
