"""What the tests of what apps did share."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from app import clock
from app.consents.receipts.log import AccessLog
from app.http.services import services


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture
def call(app, connected) -> Callable:
    """Have the app call the API, and its reads written down."""

    def call(method: str, path: str, json=None, token: str | None = None, **query):
        answer = app.test_client().open(
            f"/api/v1/{path}",
            method=method,
            json=json,
            query_string=query,
            headers={"Authorization": f"Bearer {token or connected.access_token}"},
        )
        assert answer.status_code < 300, answer.text
        with app.app_context():
            services().notes.of(AccessLog).flush()
        return answer.json

    return call


@pytest.fixture
def pass_minutes(monkeypatch) -> Callable[[float], None]:
    """Let some minutes pass."""

    def pass_minutes(count: float) -> None:
        later = clock.now() + timedelta(minutes=count)
        monkeypatch.setattr("app.clock.now", lambda: later)

    return pass_minutes


def items(page) -> list[str]:
    """Each item of the list of receipts, or of what apps wrote, as text."""
    lists = re.findall(r'<ul class="lines[^"]*">(.*?)\n\s*</ul>', page.text, re.DOTALL)
    return [words(one) for found in lists for one in re.findall(r"<li>(.*?)</li>", found, re.DOTALL)]


def words(markup: str) -> str:
    """What a person reads of some markup."""
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", markup).split()))
