"""An app that is known by a document, and people who come from it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.clients.models import Client, ClientDocument
from app.extensions import db
from tests.actors import Browser
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403

URL = "https://claude.example/oauth/client.json"
HONEST = {
    "client_id": URL,
    "client_name": "Claude Code",
    "client_uri": "https://claude.example",
    "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}


@pytest.fixture
def serve(document_hosts) -> Callable[..., None]:
    """Let the app's host have its document, honest but for what is changed; None leaves a member out."""

    def serve(url: str = URL, *, headers: dict[str, str] | None = None, status: int = 200, **changes: Any) -> None:
        said = {name: value for name, value in (HONEST | {"client_id": url} | changes).items() if value is not None}
        document_hosts.serve(url, said, status=status, **headers or {})

    return serve


@pytest.fixture
def claude(app, serve) -> Integrator:
    """The app, whose document can be read."""
    serve()
    return Integrator(app, URL, None, "http://localhost:3118/callback", "memories:read")


@pytest.fixture
def kept(app) -> Callable[..., Any]:
    """What is kept of a document: the client and the document, or None."""

    def kept(url: str = URL) -> tuple[Client, ClientDocument] | None:
        with app.app_context():
            row = db.session.execute(
                select(Client, ClientDocument)
                .outerjoin(ClientDocument, ClientDocument.client_key == Client.key)
                .where(Client.client_id == url)
            ).first()
            return None if row is None else tuple(row)

    return kept


@pytest.fixture
def join(claude) -> Callable[..., dict[str, Any]]:
    """Have the person allow the app everything, by the screens; its tokens."""

    def join(browser: Browser, **changes: Any) -> dict[str, Any]:
        response = claude.exchange(claude.code(browser, **changes))
        assert response.status_code == 200, response.text
        return response.json

    return join
