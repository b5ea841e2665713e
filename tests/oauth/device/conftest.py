"""A television that has no browser, an app's server that asks for its devices, and what both do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.actors import Browser
from tests.integrator import Integrator

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ENDPOINT = "/oauth/device_authorization"


@dataclass
class Device:
    """A device of an app. It does everything right."""

    app: Integrator

    def ask(self, **changes: Any) -> TestResponse:
        """Ask for a code."""
        return self.app.post(ENDPOINT, {"scope": self.app.scope} | changes)

    def begin(self, **changes: Any) -> dict[str, Any]:
        """The answer, with both codes."""
        answer = self.ask(**changes)
        assert answer.status_code == 200, answer.text
        return answer.json

    def poll(self, asked: dict[str, Any], **changes: Any) -> TestResponse:
        """Ask what became of it."""
        return self.app.post("/oauth/token", {"grant_type": GRANT, "device_code": asked["device_code"]} | changes)

    def error(self, asked: dict[str, Any], **changes: Any) -> str:
        """The error that the device is told."""
        answer = self.poll(asked, **changes)
        assert answer.status_code == 400, answer.text
        return answer.json["error"]


def enter(browser: Browser, user_code: str) -> TestResponse:
    """Enter a code; the page that comes of it."""
    return browser.follow(browser.submit(browser.get("/device"), action="/device", user_code=user_code))


def allow(browser: Browser, user_code: str, **choose: Any) -> TestResponse:
    """Enter a code and allow what is asked; the last page."""
    page = enter(browser, user_code)
    if "/mementos" in page.request.path:
        page = browser.follow(browser.submit(page, press="Continue", **(choose or {"selection": "all"})))
    assert "/consent" in page.request.path, page.text
    return browser.follow(browser.submit(page, press="Authorize"))


@pytest.fixture
def television(register: Callable[..., Integrator]) -> Device:
    """A public app's, which asks by devices alone: it has no redirect URI."""
    app = register("", name="Acme Television", type="public", redirect_uris=[], device_flow=True)
    return Device(app)


@pytest.fixture
def kiosk(register: Callable[..., Integrator]) -> Device:
    """A confidential app's, which sends people to authorize too."""
    return Device(register("https://kiosk.acme.example/callback", name="Acme Kiosk", device_flow=True))
