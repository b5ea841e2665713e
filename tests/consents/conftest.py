"""The protocol's actors, and the API's callers and shelves."""

from tests.api.conftest import *  # noqa: F403
