"""What a document must be, and what the page says of one that is not: to the person, and to whoever builds the app."""

import json
from dataclasses import replace
from html import unescape
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.documents.address import find_address_problem
from app.clients.documents.errors import DocumentProblem, Trouble
from app.clients.documents.reading import Reading, read_document
from app.clients.documents.refreshing import check_address
from app.clients.models import ClientLogo
from app.extensions import db
from app.scopes import SCOPES
from tests.clients.documents.conftest import HONEST, URL
from tests.org.test_logo import image
from tests.properties import examples
from tests.tables import each

GOOD = "http://localhost/callback"


@pytest.fixture
def read(app):
    """Read the honest document, changed; None leaves a member out."""

    def read(**changes) -> Reading:
        said = {name: value for name, value in (HONEST | changes).items() if value is not None}
        return read_document(app.extensions["services"].settings, URL, said)

    return read


@each(
    ("changes", "named"),
    [
        # "MUST contain a client_id property whose value MUST match": simple string comparison.
        ({"client_id": URL + "/"}, "client_id"),
        ({"client_id": URL.replace("claude.example", "CLAUDE.example")}, "client_id"),
        ({"client_id": URL.replace("client.json", "%63lient.json")}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"client_id": [URL]}, "client_id"),
        # "the client_secret and client_secret_expires_at properties MUST NOT be used".
        ({"client_secret": "rlq_cs_x"}, "client_secret"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret_expires_at": 0}, "client_secret_expires_at"),
        # "MUST NOT include client_secret_post, client_secret_basic, client_secret_jwt, …"; and no other here.
        *(
            ({"token_endpoint_auth_method": method}, "token_endpoint_auth_method")
            for method in (
                "client_secret_basic",
                "client_secret_post",
                "client_secret_jwt",
                "private_key_jwt",
                3,
                ["none"],
            )
        ),
        ({"token_endpoint_auth_method": "tls_client_auth", "token_endpoint_auth_methods_supported": "none"}, "none"),
        ({"token_endpoint_auth_method": "tls_client_auth", "token_endpoint_auth_methods_supported": ["x"]}, "none"),
        ({"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["x"]}, "jwks"),
        # "private key material MUST NOT be included".
        ({"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}}, "private key"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "secret"}]}}, "private key"),
        ({"jwks": []}, "jwks"),
        ({"redirect_uris": None}, "redirect"),
        ({"redirect_uris": []}, "redirect"),
        ({"redirect_uris": GOOD}, "redirect_uris"),
        ({"redirect_uris": [GOOD, 3]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "javascript"),
        ({"redirect_uris": ["http://claude.example/callback"]}, "http"),
        ({"redirect_uris": ["https://claude.example/*"]}, "wildcards"),
        ({"redirect_uris": [f"http://localhost/{n}" for n in range(21)]}, "21"),
        ({"client_name": "Cl\u202eaude"}, "client_name"),
        ({"client_name": "x" * 101}, "client_name"),
        ({"client_name": 3}, "client_name"),
        ({"grant_types": ["client_credentials"]}, "grant_types"),
        ({"response_types": ["token"]}, "response_types"),
        ({"scope": ["memories:read"]}, "scope"),
        ({"application_type": "desktop"}, "application_type"),
    ],
    ids=str,
)
def test_what_a_document_must_not_say_is_named(read, changes, named):
    with pytest.raises(DocumentProblem) as refused:
        read(**changes)
    assert refused.value.trouble is Trouble.CONTENT and named in refused.value.detail


def test_both_the_person_and_the_apps_makers_read_what_is_wrong(claude, serve, signed_in, kept):
    serve(client_secret="rlq_cs_x")
    page = claude.start(signed_in)
    assert page.status_code == 400 and kept() is None
    text = unescape(page.text)
    assert "What claude.example tells about this app cannot be right" in text
    assert "Go back to the app and tell its makers." in text
    assert "client_secret" in text.partition("For whoever builds the app:")[2]
    assert "rlq_cs_x" not in text


@each(
    ("changes", "expected"),
    [
        # What we do not know is ignored, and so is a null or nothing.
        ({"software_id": {"a": [1]}, "client_name#de": "Klaus", "contacts": "x"}, {}),
        ({"token_endpoint_auth_method": None, "grant_types": None, "response_types": None}, {"type": "public"}),
        # As ChatGPT's does: it would rather sign, and need not.
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
                "token_endpoint_auth_signing_alg": "RS256",
                "jwks_uri": "https://claude.example/keys",
            },
            {"type": "public", "jwks_uri": "https://claude.example/keys"},
        ),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://claude.example/keys"},
            {"type": "confidential", "jwks_uri": "https://claude.example/keys"},
        ),
        ({"client_name": None}, {"name": "claude.example"}),
        ({"client_name": ""}, {"name": "claude.example"}),
        # Public keys are no secret, and for something else where the client does not sign.
        ({"jwks": {"keys": [{"kty": "EC", "x": "a", "y": "b"}]}}, {"jwks": ""}),
        ({"jwks_uri": "https://claude.example/keys"}, {"jwks_uri": ""}),
        # One document is for every server there is: what cannot be used here is passed over.
        ({"redirect_uris": ["cursorx", GOOD, GOOD, "http://a.example/"]}, {"redirect_uris": [GOOD]}),
        ({"client_uri": "javascript:alert(1)", "policy_uri": 3, "tos_uri": "x"}, {"homepage_url": "", "terms_url": ""}),
        ({"application_type": "web"}, {"native_app": True}),
        ({"redirect_uris": ["https://claude.example/cb"], "application_type": "native"}, {"native_app": False}),
        ({"scope": "memories:read admin root"}, {"default_scope": "memories:read", "scopes": SCOPES.keys()}),
    ],
    ids=str,
)
def test_what_is_taken_from_a_document(read, changes, expected):
    reading = read(**changes)
    for name, value in expected.items():
        assert getattr(reading if name == "default_scope" else reading.fields, name) == value


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://claude.example/client.json", "https://"),
        ("HTTPS://claude.example/client.json", "https://"),
        ("https://claude.example", "path"),
        ("https://claude.example?x=/", "path"),
        ("https://claude.example/client.json#part", "fragment"),
        ("https://claude.example/client.json#", "fragment"),
        ("https://user@claude.example/client.json", "user name"),
        ("https://user:word@claude.example/client.json", "user name"),
        ("https://claude.example/a/../client.json", ".."),
        ("https://claude.example/a/%2e%2E/client.json", ".."),
        ("https://claude.example/./client.json", "."),
        ("https://Claude.example/client.json", "capital letters"),
        ("https://claude.example:444/client.json", "port"),
        ("https://claude.example:/client.json", "port"),
        ("https://claude.example:0443/client.json", "port"),
        ("https://127.0.0.1/client.json", "host"),
        ("https://2130706433/client.json", "host"),
        ("https://[::1]/client.json", "host"),
        ("https://localhost/client.json", "host"),
        ("https://printer.local/client.json", "host"),
        ("https://claude.example./client.json", "dot"),
        ("https://claude.example/cl ient.json", "space"),
        ("https://claude.example/%zz", "hexadecimal"),
        ("https://claude.example\\@evil.example/client.json", "backslash"),
        ("https://cl\u0430ude.example/client.json", "ASCII"),
        ("https://claude.example/" + "x" * 478, "500"),
    ],
)
def test_what_is_no_address_of_a_document_is_told_without_asking_anybody(app, document_hosts, url, named):
    with pytest.raises(DocumentProblem) as refused:
        check_address(app.extensions["services"], url)
    assert refused.value.trouble is Trouble.ADDRESS and named in refused.value.detail
    assert document_hosts.lookups == []


def test_an_address_is_judged_whether_or_not_somebody_has_signed_in(claude, browser, signed_in, document_hosts):
    claude = replace(claude, client_id="https://claude.example/client.json#part")
    for who in (signed_in, browser):
        page = claude.start(who)
        assert page.status_code == 400 and "We cannot tell who this app is" in page.text
        assert "fragment" in page.text.partition("For whoever builds the app:")[2]
    assert document_hosts.lookups == []


@pytest.mark.parametrize(
    "url",
    [
        "https://claude.example/",
        "https://claude.example/client.json?version=1&a=b",
        "https://claude.example:443/client.json",
        "https://xn--bcher-kva.example//client%20id.json",
        "https://claude.example/" + "x" * 477,
    ],
)
def test_the_address_is_the_apps_id_byte_for_byte(claude, serve, signed_in, document_hosts, kept, url):
    serve(url)
    app = replace(claude, client_id=url)
    tokens = app.exchange(app.code(signed_in)).json
    assert kept(url)[0].client_id == url
    assert app.me(tokens["access_token"]).json["client_id"] == url
    # Another spelling of the same is another app.
    assert replace(app, client_id=url + "x").refresh(tokens["refresh_token"]).status_code == 401


@pytest.mark.parametrize(
    ("status", "body", "headers", "said"),
    [
        (200, b"[]", {}, "JSON object"),
        (200, b"not json", {}, "JSON object"),
        (200, json.dumps(HONEST | {"x": "y" * 6000}).encode(), {}, "too large"),
        (200, json.dumps(HONEST).encode(), {"content_type": "text/html"}, "another kind"),
        (301, b"", {"Location": "https://claude.example/elsewhere"}, "sent us on"),
        (401, b"", {}, "did not hand it out"),
        (404, b"", {}, "nothing at that address"),
        (500, b"", {}, "problem of its own"),
    ],
)
def test_what_cannot_be_fetched_is_told_in_general_terms(
    claude, document_hosts, signed_in, kept, status, body, headers, said
):
    document_hosts.serve(URL, body, status=status, **headers)
    page = claude.start(signed_in)
    assert page.status_code == 400 and "We could not find out who this app is" in page.text
    assert said in page.text.partition("For whoever builds the app:")[2]
    assert "Try again" in page.text and kept() is None


def test_nobody_learns_which_names_our_own_network_knows(claude, document_hosts, signed_in):
    """A host that does not exist, and one that has an address within our walls: the same page to the letter."""
    document_hosts.host("inside.claude.example", "10.0.0.8")
    pages = [
        replace(claude, client_id=f"https://{name}.claude.example/x").start(signed_in).text.replace(name, "…")
        for name in ("inside", "nowhere")
    ]
    assert pages[0] == pages[1]


# -- logos -----------------------------------------------------------------------------------------

LOGO = "https://cdn.example/logo.png"


def logo_of(app, client) -> bytes | None:
    with app.app_context():
        logo = db.session.get(ClientLogo, client.key)
        return None if logo is None else logo.image


def test_a_logo_is_fetched_and_drawn_anew(app, claude, serve, document_hosts, signed_in, kept):
    """Nothing of the file is served, and no page of ours loads anything from elsewhere."""
    original = image("PNG")
    document_hosts.serve(LOGO, original, content_type="image/png")
    serve(logo_uri=LOGO)
    page = claude.start(signed_in)
    client, _ = kept()
    kept_image = logo_of(app, client)
    assert kept_image.startswith(b"\x89PNG") and kept_image != original
    assert "cdn.example" not in page.text
    assert document_hosts.requests == [URL, LOGO]


@pytest.mark.parametrize(
    ("address", "content", "kind"),
    [
        (LOGO, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (LOGO, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (LOGO, b"x" * 300_000, "image/png"),
        ("https://nowhere.example/logo.png", None, ""),
        ("javascript:alert(1)", None, ""),
        ("https://cdn.example/" + "x" * 2000, None, ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_app_does_without_a_logo_that_cannot_be_had(
    app, claude, serve, document_hosts, signed_in, kept, address, content, kind
):
    if content is not None:
        document_hosts.serve(address, content, content_type=kind)
    serve(logo_uri=address)
    assert claude.start(signed_in).status_code == 200
    assert logo_of(app, kept()[0]) is None


def test_a_logo_goes_with_its_place_in_the_document(app, claude, serve, document_hosts, signed_in, kept, let_time_pass):
    document_hosts.serve(LOGO, image("PNG"), content_type="image/png")
    serve(logo_uri=LOGO)
    claude.start(signed_in)
    let_time_pass(minutes=6)
    claude.start(signed_in)
    # Its address is the same, and a day has not gone by.
    assert document_hosts.requests == [URL, LOGO, URL]
    let_time_pass(days=2)
    document_hosts.hosts.pop("cdn.example")
    claude.start(signed_in)
    serve()
    let_time_pass(minutes=6)
    claude.start(signed_in)
    assert logo_of(app, kept()[0]) is None


@pytest.mark.parametrize("status", [429, 503])
def test_a_logo_that_cannot_be_had_just_now_is_tried_again_with_the_document(
    app, claude, serve, document_hosts, signed_in, kept, let_time_pass, status
):
    document_hosts.serve(LOGO, b"", status=status)
    serve(logo_uri=LOGO)
    claude.start(signed_in)
    assert logo_of(app, kept()[0]) is None
    document_hosts.serve(LOGO, image("PNG"), content_type="image/png")
    let_time_pass(minutes=6)
    claude.start(signed_in)
    assert logo_of(app, kept()[0]) is not None


def test_a_logo_has_the_time_that_its_document_left(app, claude, serve, document_hosts, signed_in, monkeypatch):
    """The person waits three seconds for both, and not for each."""
    given = []
    fetcher = app.extensions["services"].fetcher
    ask = fetcher._ask
    monkeypatch.setattr(
        fetcher, "_ask", lambda target, kind, deadline: given.append(deadline.left()) or ask(target, kind, deadline)
    )
    document_hosts.serve(LOGO, image("PNG"), content_type="image/png")
    serve(logo_uri=LOGO)
    document_hosts.host("claude.example").addresses = lambda: Event().wait(0.2) or ["45.45.45.1"]
    claude.start(signed_in)
    document, logo = given
    assert 2.5 < document <= 3 and logo < document - 0.2


# -- whatever it holds -----------------------------------------------------------------------------

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_NAMES = [
    *HONEST,
    "jwks",
    "jwks_uri",
    "scope",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "application_type",
    "client_secret",
]


@examples(100)
@given(changes=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=5), kept_out=st.sets(st.sampled_from(_NAMES)))
def test_whatever_a_document_holds_it_is_read_or_refused(app, changes, kept_out):
    """Never an error of ours; and never taken where its client_id is another than its address."""
    members = {name: value for name, value in (HONEST | changes).items() if name not in kept_out}
    try:
        reading = read_document(app.extensions["services"].settings, URL, members)
    except DocumentProblem as problem:
        assert problem.detail and str(problem.detail).isprintable()
        return
    assert members["client_id"] == URL and "client_secret" not in members
    assert reading.fields.type == "public" and reading.fields.redirect_uris


@examples(300)
@given(url=st.text(max_size=60).map("https://".__add__) | st.text(max_size=60))
def test_whatever_an_address_is_it_is_judged(url):
    problem = find_address_problem(url)
    if problem is None:
        assert url.startswith("https://") and "/" in url[8:] and "#" not in url and "@" not in url.split("/")[2]
