"""What an honest host's document becomes, and what is refused of it."""

import pytest

from app.extensions import db
from app.fetch import DOCUMENT

_URL = "https://notes.example/client.json"


@pytest.fixture
def fetch(app):
    fetcher = app.extensions["services"].fetcher

    def fetch(url=_URL, kind=DOCUMENT, person="usr_alice"):
        with app.app_context():
            return fetcher.fetch_object(db.session, url, kind, person=person)

    return fetch


def test_a_document_is_fetched(document_hosts, fetch):
    document_hosts.serve(_URL, {"client_id": _URL}, cache_control="max-age=600")
    fetched = fetch()
    assert (fetched.members, fetched.fresh_seconds) == ({"client_id": _URL}, 600)
    assert document_hosts.requests == [_URL]
