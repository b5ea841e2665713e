"""What the tests of the list of apps share with those of the protocol."""

from tests.protocol import change_client, signed_in  # noqa: F401
