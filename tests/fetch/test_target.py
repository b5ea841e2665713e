"""Addresses that nothing is fetched from, whoever they lead to: nobody is asked, not even for the host's address."""

import pytest
from msgspec import structs

from app.fetch import DOCUMENT, LOGO, PROOF, Fetcher, FetchFailed, Why
from app.fetch.target import read_target
from tests.tables import each

_BAD = [
    "",
    "https",
    "https://",
    "https:///client.json",
    "https:notes.example/client.json",
    "https:/notes.example/client.json",
    "https://notes.example#part",
    "https://notes.example/client.json#",
    "http://notes.example/client.json",
    "ftp://notes.example/client.json",
    "file:///etc/passwd",
    "//notes.example/client.json",
    " https://notes.example/client.json",
    "https://notes.example/client.json\n",
    "https://notes.example/client.json HTTP/1.1\r\nX: y",
    "https://notes.example/a b",
    "https://notes.example/\x00",
    "https://notes.example/é",
    # Another port.
    "https://notes.example:8443/",
    "https://notes.example:80/",
    "https://notes.example:/",
    "https://notes.example:0443/",
    "https://notes.example:443:443/",
    # Who asks.
    "https://alice@notes.example/",
    "https://alice:secret@notes.example/",
    "https://notes.example:443@internal.example/",
    "https://notes.example\\@internal.example/",
    "https://notes.example%2f@internal.example/",
    # Addresses, however they are spelled.
    "https://127.0.0.1/",
    "https://45.45.45.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://45.45.45.1./",
    "https://[::1]/",
    "https://[2600::1]/",
    "https://[fe80::1%25eth0]/",
    "https://notes.0x/",
    # Names that the internet does not have.
    "https://localhost/",
    "https://intranet/",
    "https://notes.example./",
    "https://.notes.example/",
    "https://notes..example/",
    "https://notes_a.example/",
    "https://-notes.example/",
    "https://notes-.example/",
    "https://" + "n" * 64 + ".example/",
    "https://" + "n.".replace("n", "n" * 60) * 5 + "example/",
    # Not as they are looked up.
    "https://bücher.example/",
    "https://notes。example/",
    "https://notes.example\u200b/",
    "https://ⓝotes.example/",
    "https://notes%2eexample/",
    "https://notes.example/" + "x" * 2048,
]
_NOWHERE = [
    f"https://{host}/"
    for host in (
        *("notes.localhost", "notes.LOCALHOST", "printer.local", "metadata.google.internal", "router.home.arpa"),
        *("notes.onion", "notes.alt", "notes.invalid"),
    )
]


@each(("url", "why"), [*((url, Why.BAD_ADDRESS) for url in _BAD), *((url, Why.NOT_PUBLIC) for url in _NOWHERE)])
def test_what_is_no_address_of_a_document_is_told(url, why):
    with pytest.raises(FetchFailed) as refused:
        read_target(url)
    assert refused.value.why is why


def test_nobody_is_asked_for_what_is_no_address_of_a_document(hosts, refusal):
    hosts.host("notes.example")
    for url in (*_BAD, *_NOWHERE):
        refusal(url)
    assert hosts.lookups == hosts.connections == []


@each(
    ("url", "host", "path"),
    [
        ("https://notes.example", "notes.example", "/"),
        ("https://notes.example?a=b", "notes.example", "/?a=b"),
        ("HTTPS://Notes.Example:443/A/%2e%2E/b;c?d=e&f?", "notes.example", "/A/%2e%2E/b;c?d=e&f?"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
        ("https://4.notes4.example4a/", "4.notes4.example4a", "/"),
    ],
)
def test_the_host_is_in_lower_case_and_the_rest_as_it_is(url, host, path):
    target = read_target(url)
    assert (target.host, target.path) == (host, path)


# -- what an operator says -----------------------------------------------------------------------


def _told(app, url, kind=DOCUMENT, issuer="", **settings):
    services = app.extensions["services"]
    chosen = structs.replace(services.settings, **settings, **({"issuer": issuer} if issuer else {}))
    try:
        Fetcher(chosen, services.limits).check(url, kind)
    except FetchFailed as refused:
        return refused.why
    return None


@each(
    ("url", "is_allowed"),
    [
        ("https://claude.ai/x", True),
        ("https://CLAUDE.ai/x", True),
        ("https://www.claude.ai/x", False),
        ("https://notclaude.ai/x", False),
        ("https://claude.ai.evil.example/x", False),
        ("https://a.notes.example/x", True),
        ("https://a.b.notes.example/x", True),
        ("https://notes.example/x", False),
        ("https://evilnotes.example/x", False),
    ],
)
def test_only_hosts_on_the_list_of_allowed_ones_are_asked(app, url, is_allowed):
    hosts = ("claude.ai", "*.notes.example")
    expected = None if is_allowed else Why.HOST_NOT_ALLOWED
    for kind in (DOCUMENT, LOGO):
        assert _told(app, url, kind, client_document_hosts=hosts) is expected
    # What an organization proves is no matter of agents.
    assert _told(app, url, PROOF, client_document_hosts=hosts) is None


def test_a_denied_host_is_not_asked_for_anything(app):
    hosts = {
        "client_document_hosts": ("*.example",),
        "client_document_hosts_denied": ("evil.example", "*.evil.example"),
    }
    for kind in (DOCUMENT, LOGO, PROOF):
        assert _told(app, "https://notes.example/", kind, **hosts) is None
        for url in ("https://evil.example/", "https://www.EVIL.example/"):
            assert _told(app, url, kind, **hosts) is Why.HOST_NOT_ALLOWED
        assert _told(app, "https://notes.example/", kind, client_document_hosts_denied=("*",)) is Why.HOST_NOT_ALLOWED


def test_this_server_does_not_ask_itself(app):
    """It would wait for one of its own threads."""
    issuer = "https://id.example.com"
    assert _told(app, "https://id.example.com/logo", issuer=issuer) is Why.OWN_HOST
    assert _told(app, "https://ID.example.com:443/logo", issuer=issuer) is Why.OWN_HOST
    assert _told(app, "https://id2.example.com/logo", issuer=issuer) is None


def test_a_denied_host_is_not_even_looked_up(app, hosts, fetcher, refusal, monkeypatch):
    monkeypatch.setattr(fetcher, "_denied", ("notes.example",))
    hosts.serve("https://notes.example/client.json", {})
    assert refusal().why is Why.HOST_NOT_ALLOWED
    assert hosts.lookups == hosts.connections == []
