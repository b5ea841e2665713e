"""The fixtures of the protocol and of the resource API: somebody has to allow an app something first."""

from tests.api.conftest import *  # noqa: F403
