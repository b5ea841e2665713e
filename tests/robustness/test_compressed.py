"""A body that comes compressed is not unpacked, and its sender is told so instead of what its bytes are not."""

import gzip
import zlib

import pytest

from app.strict_json import NOT_COMPRESSED, is_compressed
from tests.integrator import TOKEN, basic
from tests.tables import each

_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.fixture
def doors(notebook, browser, alice) -> dict:
    """Path -> an honest body, its type, and whose request it is."""
    browser.enter(alice)
    client = basic(notebook.client_id, notebook.client_secret)
    api = notebook.tokens(browser, scope="memories:write")["access_token"]
    resource = f"{notebook.app.extensions['services'].settings.issuer}/mcp"
    agent = notebook.tokens(browser, resource=resource)["access_token"]
    return {
        TOKEN: (b"grant_type=client_credentials", _FORM, client),
        "/oauth/introspect": (b"token=x", _FORM, client),
        "/oauth/revoke": (b"token=x", _FORM, client),
        "/oauth/register": (b'{"redirect_uris": ["https://a.example/callback"]}', _JSON, None),
        "/api/v1/memories/": (b'{"title": "A", "text": "B"}', _JSON, f"Bearer {api}"),
        "/mcp": (b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}', _JSON, f"Bearer {agent}"),
    }


@each("pack", [gzip.compress, zlib.compress])
def test_whoever_compresses_is_told_not_to(app, doors, pack):
    for path, (body, kind, caller) in doors.items():
        headers = {"Content-Encoding": "gzip"} | ({"Authorization": caller} if caller else {})
        answer = app.test_client().post(path, data=pack(body), content_type=kind, headers=headers)
        assert answer.status_code in (400, 415), path
        assert NOT_COMPRESSED in answer.text or "not compressed" in answer.text, (path, answer.text)


def test_what_is_not_compressed_is_read_whatever_is_said_of_it(app, doors):
    for path, (body, kind, caller) in doors.items():
        headers = {"Content-Encoding": "identity"} | ({"Authorization": caller} if caller else {})
        assert app.test_client().post(path, data=body, content_type=kind, headers=headers).status_code < 300, path


@each(("coding", "expected"), [(None, False), ("", False), (" Identity", False), ("br", True), ("gzip, br", True)])
def test_what_a_header_says(coding, expected):
    assert is_compressed({"Content-Encoding": coding} if coding is not None else {}) is expected
