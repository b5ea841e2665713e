"""What an honest host's document becomes, and what is refused of an answer."""

import gzip
import json

import pytest

from app.extensions import db
from app.fetch import LOGO, PROOF, Why
from tests.fetch.conftest import PUBLIC, URL

_DOCUMENT = {"client_id": URL, "client_name": "Nötes"}
_BODY = json.dumps(_DOCUMENT).encode()


def test_a_document_is_fetched(hosts, fetch):
    hosts.serve(URL, _DOCUMENT, cache_control="max-age=600")
    fetched = fetch()
    assert (fetched.members, fetched.fresh_seconds) == (_DOCUMENT, 600)
    assert (hosts.lookups, hosts.connections, hosts.requests) == (["notes.example"], ["45.45.45.1"], [URL])


def test_the_request_says_what_is_wanted_and_nothing_of_the_person(hosts, fetch):
    """:rfc:`9110#section-12.5.3`: nothing but ``identity`` asks for a body as it is."""
    url = "https://notes.example/a/../b?c=%2f&d=/?"
    hosts.serve(url, _DOCUMENT)
    fetch(url)
    assert hosts.heads == [
        "GET /a/../b?c=%2f&d=/? HTTP/1.1\r\n"
        "Host: notes.example\r\n"
        "Accept: application/json\r\n"
        "Accept-Encoding: identity\r\n"
        "User-Agent: Reliquary (+http://127.0.0.1:8000)\r\n"
        "Connection: close\r\n\r\n"
    ]


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_the_body_ends_as_the_host_says(framing, hosts, fetch):
    hosts.serve(URL, _DOCUMENT, framing=framing)
    assert fetch().members == _DOCUMENT


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/vnd.notes+json",
        "application/cimd+json;v=1",
    ],
)
def test_json_has_several_names(content_type, hosts, fetch):
    hosts.serve(URL, _DOCUMENT, content_type=content_type)
    assert fetch().members == _DOCUMENT


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/html", "text/plain", "text/json", "application/jsonp", "application/javascript", "image/svg+json"),
        *("application/octet-stream", "application/+jsonx", "application/json, text/html"),
    ],
)
def test_what_does_not_say_that_it_is_json_is_refused(content_type, hosts, refusal):
    """A file that somebody may upload to a host is not the host's word because JSON can be read from it."""
    hosts.serve(URL, _DOCUMENT, content_type=content_type)
    assert refusal().why is Why.WRONG_TYPE


def test_two_types_are_none(hosts, refusal):
    hosts.serve(URL, _DOCUMENT, Content_Type="text/html")
    assert refusal().why is Why.WRONG_TYPE


def test_a_byte_order_mark_is_looked_past(hosts, fetch):
    """:rfc:`8259#section-8.1`: implementations MAY ignore it."""
    hosts.serve(URL, b"\xef\xbb\xbf" + _BODY)
    assert fetch().members == _DOCUMENT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        _BODY[:-1],
        _BODY + b"x",
        b"\xff\xfe" + _BODY.decode().encode("utf-16-le"),
        b'{"a": "\xff"}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b'{"a":' + b"[" * 2400 + b"]" * 2400 + b"}",
        b"<html>",
        b"callback({})",
        b"{'a': 1}",
    ],
    ids=lambda body: body[:12],
)
def test_what_is_not_one_json_object_is_refused(body, hosts, refusal):
    hosts.serve(URL, body)
    assert refusal().why is Why.BAD_JSON


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_five_kilobytes_are_the_most(framing, hosts, fetch, refusal):
    most = {"a": "x" * (5 * 1024 - len('{"a": ""}'))}
    hosts.serve(URL, most, framing=framing)
    assert fetch().members == most
    hosts.serve(URL, {"a": most["a"] + "x"}, framing=framing)
    assert refusal().why is Why.TOO_LARGE


def test_a_proof_may_have_as_many(hosts, fetch, refusal):
    hosts.serve(URL, {"a": "x" * 5200})
    assert refusal(kind=PROOF).why is Why.TOO_LARGE


@pytest.mark.parametrize(
    "encoding", ["gzip", "GZIP", "br", "deflate", "zstd", "compress", "identity, gzip", "unheard-of"]
)
def test_what_is_compressed_is_refused_and_not_unpacked(encoding, hosts, refusal):
    """A few bytes of gzip are gigabytes of zeros."""
    hosts.serve(URL, gzip.compress(_BODY), content_encoding=encoding)
    assert refusal().why is Why.ENCODED


@pytest.mark.parametrize("encoding", ["gzip, chunked", "gzip", "identity"])
def test_a_compressed_transfer_is_refused(encoding, hosts, refusal):
    """:rfc:`9112#section-6.1`: only ``chunked`` was offered."""
    hosts.serve(URL, gzip.compress(_BODY), framing="close", transfer_encoding=encoding)
    assert refusal().why is Why.ENCODED


def test_a_body_that_says_it_is_not_encoded_is_taken(hosts, fetch):
    hosts.serve(URL, _DOCUMENT, content_encoding="identity")
    assert fetch().members == _DOCUMENT


@pytest.mark.parametrize(
    ("status", "why"),
    [
        *((status, Why.REDIRECT) for status in (300, 301, 302, 303, 304, 307, 308)),
        *((status, Why.GONE) for status in (404, 410)),
        *((status, Why.BAD_STATUS) for status in (201, 202, 203, 204, 206, 400, 401, 403, 418, 451)),
        *((status, Why.SERVER_ERROR) for status in (429, 500, 502, 503, 504, 599, 999)),
    ],
)
def test_only_200_is_an_answer(status, why, hosts, refusal):
    hosts.serve(URL, _DOCUMENT, status=status, location="https://notes.example/other.json")
    hosts.serve("https://notes.example/other.json", _DOCUMENT)
    failed = refusal()
    assert failed.why is why
    assert failed.is_gone == (why is Why.GONE) and failed.is_passing == (why is Why.SERVER_ERROR)
    assert hosts.requests == [URL]


# -- who answers ---------------------------------------------------------------------------------


def test_a_certificate_of_another_host_proves_nothing(hosts, refusal):
    hosts.serve(URL, _DOCUMENT).context = hosts.authority.server_context("other.example", "*.notes.example")
    assert refusal().why is Why.BAD_CERTIFICATE
    assert hosts.requests == []


def test_an_expired_certificate_proves_nothing(hosts, refusal):
    hosts.serve(URL, _DOCUMENT).context = hosts.authority.server_context("notes.example", is_expired=True)
    assert refusal().why is Why.BAD_CERTIFICATE


def test_a_certificate_of_an_unknown_authority_proves_nothing(hosts, refusal):
    hosts.serve(URL, _DOCUMENT).context = type(hosts.authority)().server_context("notes.example")
    assert refusal().why is Why.BAD_CERTIFICATE


def test_a_certificate_for_all_hosts_of_a_domain_is_taken(hosts, fetch):
    url = "https://www.notes.example/client.json"
    hosts.serve(url, _DOCUMENT).context = hosts.authority.server_context("*.notes.example")
    assert fetch(url).members == _DOCUMENT


def test_no_connection_is_used_twice(hosts, fetch):
    hosts.serve(URL, _DOCUMENT)
    fetch()
    fetch()
    assert len(hosts.lookups) == len(hosts.connections) == 2


def test_an_address_that_is_not_reached_is_not_the_last(hosts, fetch, monkeypatch):
    hosts.serve(URL, _DOCUMENT)
    hosts.host("notes.example", "45.45.45.9", PUBLIC)
    connect = hosts.connect

    def connect_to_the_second(address, seconds):
        if address == "45.45.45.9":
            raise ConnectionRefusedError
        return connect(address, seconds)

    monkeypatch.setattr(hosts, "connect", connect_to_the_second)
    assert fetch().members == _DOCUMENT and hosts.connections == [PUBLIC]


# -- logos ---------------------------------------------------------------------------------------


@pytest.fixture
def fetch_logo(app, fetcher):
    def fetch_logo(url="https://notes.example/logo.png"):
        with app.app_context():
            return fetcher.fetch_logo(db.session, url, person="usr_alice")

    return fetch_logo


def test_a_logo_is_handed_over_as_it_came(hosts, fetch_logo):
    content = bytes(range(256)) * 1024
    hosts.serve("https://notes.example/logo.png", content, content_type="image/png")
    assert fetch_logo().content == content


@pytest.mark.parametrize("content_type", ["image/svg+xml", "application/json", "text/html", ""])
def test_what_is_no_image_of_pixels_is_no_logo(content_type, hosts, fetch_logo):
    hosts.serve("https://notes.example/logo.png", b"x", content_type=content_type)
    with pytest.raises(Exception) as refused:
        fetch_logo()
    assert refused.value.why is Why.WRONG_TYPE


def test_a_large_logo_is_refused(hosts, fetch_logo):
    hosts.serve(
        "https://notes.example/logo.png", b"x" * (LOGO.most_bytes + 1), content_type="image/png", framing="close"
    )
    with pytest.raises(Exception) as refused:
        fetch_logo()
    assert refused.value.why is Why.TOO_LARGE
