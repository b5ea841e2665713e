"""Every request of the tables of bad input, and of one parameter gone bad: refused alike at both doors, to the letter."""

import base64

import pytest

from tests.fast.two_doors import Make, TwoDoors, form, read
from tests.integrator import Integrator, basic
from tests.robustness.bad_values import BAD_VALUES, encode, spoil
from tests.robustness.test_bad_token_requests import BEARERS, BODIES, CONTENT_TYPES, HEADERS, HOSTS

TOKEN, REVOKE, INTROSPECT = FORMS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")
DOCUMENTED = "/api/v1/auth/oauth2/token/"
ME = "/api/me/"


def spoiled(client: Integrator, path: str, parameters: dict[str, str], names: tuple[str, ...]) -> dict[str, Make]:
    """The honest request with each of the named parameters gone bad in every way, and the honest one."""
    is_basic = client.client_secret is not None and client.auth_method == "client_secret_basic"
    known = {} if is_basic else {"client_id": client.client_id, "client_secret": client.client_secret}
    honest = encode(parameters | known)
    authorization = basic(client.client_id, client.client_secret or "") if is_basic else None
    bad = {
        f"{path}: {name} {kind}": form(path, spoil(honest, name, make), authorization)
        for name in names
        for kind, make in BAD_VALUES.items()
    }
    return bad | {"honest": form(path, spoil(honest, "", lambda _: []), authorization)}


def check(doors: TwoDoors, requests: dict[str, Make], *, at_least: int = 1, uses_up: bool = True) -> None:
    found = doors.differences(requests, uses_up=uses_up)
    assert not found, "\n".join(["", *found])
    # Else Flask was compared with itself.
    assert len(doors.taken) >= at_least


class TestOneParameter:
    """Changed in an honest request, in every way in which one can go bad."""

    def test_in_an_exchange(self, client, doors, signed_in):
        honest = {
            "grant_type": "authorization_code",
            "code": client.code(signed_in),
            "redirect_uri": client.redirect_uri,
            "code_verifier": client.code_verifier,
        }
        names = ("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "resource", "x")
        check(doors, spoiled(client, TOKEN, honest, names), at_least=300)

    def test_in_an_exchange_as_documented(self, notebook, doors, signed_in):
        honest = {"code": notebook.code(signed_in), "redirect_uri": notebook.redirect_uri}
        honest |= {"code_verifier": notebook.code_verifier}
        check(doors, spoiled(notebook, DOCUMENTED, honest, ("grant_type", "code")), at_least=70)

    def test_in_a_refresh(self, client, doors, signed_in):
        honest = {"grant_type": "refresh_token", "refresh_token": client.tokens(signed_in)["refresh_token"]}
        names = ("grant_type", "refresh_token", "scope", "client_id", "client_secret", "x")
        check(doors, spoiled(client, TOKEN, honest, names), at_least=200)

    @pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
    def test_in_client_credentials(self, auth_method, notebook, doors):
        notebook.auth_method = auth_method
        names = ("grant_type", "scope", "resource", "client_id", "client_secret", "x")
        check(doors, spoiled(notebook, TOKEN, {"grant_type": "client_credentials"}, names), at_least=200)

    def test_in_a_push(self, client, doors):
        honest = {"response_type": "code", "redirect_uri": client.redirect_uri, "state": client.state}
        honest |= {"scope": client.scope, "code_challenge": "c" * 43, "code_challenge_method": "S256"}
        names = ("redirect_uri", "scope", "request", "request_uri", "client_id", "client_secret", "x")
        check(doors, spoiled(client, "/oauth/par", honest, names), at_least=200)

    @pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
    def test_in_revocation_and_introspection(self, path, notebook, doors, signed_in):
        honest = {"token": notebook.tokens(signed_in)["access_token"], "token_type_hint": "access_token"}
        names = ("token", "token_type_hint", "client_id", "client_secret", "x")
        check(doors, spoiled(notebook, path, honest, names), at_least=170)


def test_authorization_headers(notebook, doors):
    honest = {"client_id": notebook.client_id.encode(), "client_secret": notebook.client_secret.encode()}
    body = "grant_type=client_credentials&token=x"
    requests = {f"{path}, {kind}": form(path, body, header) for path in FORMS for kind, header in HEADERS.items()}
    for half in honest:
        for kind, make in BAD_VALUES.items():
            for number, bad in enumerate(sorted(set(make(honest[half])))):
                raw = honest | {half: bad}
                header = "Basic " + base64.b64encode(raw["client_id"] + b":" + raw["client_secret"]).decode()
                requests[f"{half}, {kind}, {number}"] = form(TOKEN, body, header)
    check(doors, requests, at_least=len(requests), uses_up=False)


def test_bearer_headers(tokens, doors):
    good = f"Bearer {tokens['access_token']}"
    more = {"lower case": good.lower(), "bearer": good.replace("B", "b", 1), "twice": f"{good},{good}", "a tab": good.replace(" ", "\t"),
            "after a space": f" {good}", "before a space": f"{good} ", "two spaces": good.replace(" ", "  ")}  # fmt: skip
    bearers = BEARERS | more
    requests = {
        f"{path}, {kind}": read(path, header)
        for path in (ME, "/api/v1/me/", "/api/v1/account/")
        for kind, header in bearers.items()
    }
    check(doors, requests, at_least=len(requests), uses_up=False)


def test_types_and_bodies(notebook, doors):
    """Only some of these are the fast door's. What it leaves to Flask is compared all the same."""
    known = basic(notebook.client_id, notebook.client_secret)
    sent = "grant_type=client_credentials&token=x"
    charsets = [f"application/x-www-form-urlencoded{end}" for end in ("", ";charset=UTF-8", "; charset=utf-8", ";x")]
    requests = {
        f"{path}, {kind[:60]!r}, {body!r}": form(path, body, known, CONTENT_TYPE=kind)
        for path in FORMS
        for kind in (*CONTENT_TYPES, *charsets, charsets[0].upper())
        for body in (*BODIES, b"&" * 100, b"&" * 9000, b"x=" + b"y" * 70_000)
    }
    for path in FORMS:
        for length in ("", "-1", "abc", "0", "9" * 20, "1.5", "\xb2", "5", "05", "+5", " 5", "1000", "65536", "65537"):
            requests[f"{path}, length {length!r}"] = form(path, sent, known, CONTENT_LENGTH=length)
        for host in (*HOSTS, "x" * 6000):
            requests[f"{path}, host {host[:60]!r}"] = form(path, sent, known, HTTP_HOST=host)
        requests[f"{path}, in the query"] = form(f"{path}?{sent}", b"", known)
        requests[f"{path}, also in the query"] = form(f"{path}?{sent}", sent, known)
        requests[f"{path}, in chunks"] = form(path, sent, known, HTTP_TRANSFER_ENCODING="chunked")
    check(doors, requests, at_least=90, uses_up=False)


@pytest.mark.parametrize("path", [*FORMS, DOCUMENTED, ME, "/.well-known/oauth-authorization-server", "/healthz"])
def test_methods_and_what_web_pages_send(path, notebook, tokens, doors):
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "POST", "Zq7xWv", "post", "get")
    good = f"Bearer {tokens['access_token']}"
    requests = {f"{method}": read(path, good, method) for method in methods}
    for kind, environ in {
        "a web page": {"HTTP_ORIGIN": "https://page.example"},
        "no origin": {"HTTP_ORIGIN": "null"},
        "overridden": {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
        "rewritten": {"HTTP_X_ORIGINAL_URL": "/oauth/revoke", "HTTP_X_REWRITE_URL": "/oauth/revoke"},
        "through a proxy": {"HTTP_X_FORWARDED_FOR": "10.1.2.3", "HTTP_FORWARDED": "for=_;;"},
        "with an id": {"HTTP_X_REQUEST_ID": "abcdefgh12345678"},
        "with cookies": {"HTTP_COOKIE": "reliquary=a.b.c; x=y"},
        "with a range": {"HTTP_RANGE": "bytes=0-5", "HTTP_IF_NONE_MATCH": "*"},
        "of an old client": {"SERVER_PROTOCOL": "HTTP/1.0"},
        "of another address": {"REMOTE_ADDR": "10.9.8.7"},
        "of no address": {"REMOTE_ADDR": ""},
    }.items():
        known = basic(notebook.client_id, notebook.client_secret)
        requests |= {
            f"POST, {kind}": form(path, "grant_type=client_credentials&token=x", known, **environ),
            f"POST, {kind}, by nobody": form(path, "grant_type=client_credentials", basic("a", "b"), **environ),
            f"GET, {kind}": read(path, good, **environ),
        }
    check(doors, requests, uses_up=path == REVOKE)
