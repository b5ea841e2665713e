"""Who fetches: one person who is signed in, from the hosts that stand on loopback."""

from collections.abc import Callable

import pytest

from app.extensions import db
from app.fetch import DOCUMENT, FetchFailed, fetching
from app.fetch.kinds import Kind
from tests.document_hosts import DocumentHosts

URL = "https://notes.example/client.json"
#: An address of nobody's that looks public.
PUBLIC = "45.45.45.200"


@pytest.fixture
def hosts(document_hosts) -> DocumentHosts:
    return document_hosts


@pytest.fixture
def fetcher(app, hosts):
    return app.extensions["services"].fetcher


@pytest.fixture
def fetch(app, fetcher) -> Callable:
    """``fetch()``: what comes of asking for the document at ``URL``."""

    def fetch(url: str = URL, kind: Kind = DOCUMENT, person: str = "usr_alice"):
        with app.app_context():
            return fetcher.fetch_object(db.session, url, kind, person=person)

    return fetch


@pytest.fixture
def refusal(fetch) -> Callable[..., FetchFailed]:
    """``refusal()``: why nothing came of it."""

    def refusal(url: str = URL, **how) -> FetchFailed:
        with pytest.raises(FetchFailed) as refused:
            fetch(url, **how)
        return refused.value

    return refusal


@pytest.fixture
def in_a_hurry(monkeypatch) -> float:
    """A fetch takes a fifth of a second at most, so that nobody waits three."""
    monkeypatch.setattr(fetching, "SECONDS", 0.2)
    return 0.2
