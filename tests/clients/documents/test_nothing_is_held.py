"""While another host is asked, nothing of ours is held: not for whoever is asked for, and not at any step."""

import pytest

from app.database.pool import count_connections
from app.extensions import db
from tests.clients.documents.conftest import URL


@pytest.fixture
def held(app, document_hosts, serve) -> list[float]:
    """How many connections to the database were in use at each time that the app's host was looked up."""
    held: list[float] = []
    serve(logo_uri="https://claude.example/logo.png")
    with app.app_context():
        engine = db.engine

    def look() -> list[str]:
        held.append(count_connections(engine)["in_use",])
        return ["45.45.45.1"]

    document_hosts.host("claude.example").addresses = look
    return held


def test_no_connection_to_the_database_is_held_while_a_document_is_fetched(
    claude, held, signed_in, let_time_pass, document_hosts
):
    page = signed_in.follow(claude.start(signed_in))
    let_time_pass(minutes=6)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    let_time_pass(minutes=6)
    signed_in.submit(page, press="Authorize")
    # Fetched at the beginning, with its logo, and at both steps.
    assert document_hosts.requests.count(URL) == 3
    assert held == [0] * len(held) and len(held) >= 4
