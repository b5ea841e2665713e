"""What the tests of forgotten passwords share."""

import pytest

from tests.accounts.conftest import change_settings, clock  # noqa: F401
from tests.accounts.resetting.asking import ask
from tests.actors import Browser


@pytest.fixture
def link(sent_mail):
    """``link(browser, email)`` asks for a link; its path, as the letter brings it."""

    def ask_and_read(browser: Browser, email: str, next: str = "") -> str:
        assert ask(browser, email, next).status_code == 303
        [letter] = [one for one in sent_mail() if one.kind == "password_reset"]
        assert letter.to == email
        return letter.link("/reset-password/")

    return ask_and_read
