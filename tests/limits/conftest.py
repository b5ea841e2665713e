"""The same clock that the sign-in's tests stop."""

from tests.accounts.conftest import clock  # noqa: F401
