"""What the tests of the list of apps share with those of the protocol."""

from tests.protocol import change_client  # noqa: F401
