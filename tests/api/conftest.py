"""The fixtures of the resource API's tests, shared with the protocol's."""

import os

from tests.protocol import *  # noqa: F403
from tests.stock.rows import register_row_marker as pytest_configure  # noqa: F401

if os.environ.get("TEST_TARGET") == "stock":
    from tests.stock.fixtures import *  # noqa: F403
