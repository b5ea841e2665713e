"""A person's browser that brings files and takes everything out."""

import io
from collections.abc import Callable

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.memories.models import Integration, Memory
from tests.actors import Browser
from tests.personal.conftest import token_of

BRING = "/account/memories/bring/"


def send(browser: Browser, *files: tuple[str, bytes | str]) -> TestResponse:
    """Send files by the form, as a browser does."""
    sent = [(io.BytesIO(data.encode() if isinstance(data, str) else data), name) for name, data in files]
    data = {"csrf_token": token_of(browser), "files": sent}
    return browser.client.post(BRING, data=data, base_url="http://127.0.0.1:8000")


def look(browser: Browser, *files: tuple[str, bytes | str]) -> TestResponse:
    """Send files, and return the page that says what would come in."""
    answer = send(browser, *files)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.location)


def bring(browser: Browser, *files: tuple[str, bytes | str]) -> TestResponse:
    """Send files, confirm, and return the page that says what has come in."""
    answer = browser.submit(look(browser, *files), press=None, action=None)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.location)


@pytest.fixture
def keeps(in_database, alice) -> Callable[..., list[Memory]]:
    """What somebody keeps now, the oldest first."""

    def keeps(person=alice) -> list[Memory]:
        def find(session):
            found = select(Memory).where(Memory.user_id == person.id).order_by(Memory.created_at, Memory.title)
            memories = list(session.scalars(found))
            for memory in memories:
                assert memory.tags is not None and memory.integration.name
            return memories

        return in_database(find)

    return keeps


@pytest.fixture
def sources(in_database, alice) -> Callable[[], dict[str, str]]:
    return lambda: in_database(
        lambda session: {
            one.name: one.status for one in session.scalars(select(Integration).where(Integration.user_id == alice.id))
        }
    )
