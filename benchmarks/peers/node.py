"""node oidc-provider, installed once from npm, on a database of the kind that the product is measured on."""

import http.client
import os
import re
import secrets
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy import make_url

from benchmarks.comparison import Stage, Stages
from benchmarks.load import Answer
from benchmarks.operations import CHALLENGE, REDIRECT_URI, SCOPE, VERIFIER, Request, form_request
from tests.elsewhere.installed import install_locked

_HERE = Path(__file__).resolve().parent / "oidc_provider"
_CLIENT = ("notebook", "only-for-benchmarks")
_MOST_REDIRECTS = 5


class Node:
    """Its server, and the same requests as those for the product."""

    name = "node oidc-provider"

    def __init__(self) -> None:
        self._installed = install_locked(_HERE)
        self._cookie = ""
        #: One for each operation of the product, by its name.
        self.stages: Stages = {
            "client credentials": ((self._client_credentials, 200, True),),
            "introspection": (*self._signs_in(SCOPE), (self._introspect, 200, True)),
            "GET /api/me/": (*self._signs_in(f"openid {SCOPE}"), (self._userinfo, 200, True)),
            "code exchange": (self._authorize(SCOPE, is_measured=False), (self._exchange, 200, True)),
            "refresh": (*self._signs_in(SCOPE), (self._refresh, 200, True)),
            "authorize + token": (self._authorize(SCOPE, is_measured=True), (self._exchange, 200, True)),
            "metadata": ((self._metadata, 200, True),),
        }

    def command(self, database_url: str, directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Returns what starts it, and its environment."""
        (script := self._installed / "server.mjs").write_bytes((_HERE / "server.mjs").read_bytes())
        environ = {
            "NODE_ENV": "production",
            "PORT": str(port),
            "CLIENT_ID": _CLIENT[0],
            "CLIENT_SECRET": _CLIENT[1],
            "REDIRECT_URI": REDIRECT_URI,
            "SCOPE": SCOPE,
            **_database_environ(database_url, directory),
        }
        node = self._installed / "node_modules" / "node" / "bin" / "node"
        return [str(node), "--no-warnings", str(script)], os.environ | environ

    def sign_in(self, port: int) -> None:
        """Let the person of the requests have a session, and have allowed everything."""
        cookies: dict[str, str] = {}
        location = f"/auth?{urlencode(_authorization_parameters(f'openid {SCOPE}'))}"
        for _ in range(_MOST_REDIRECTS):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", location, headers={"Cookie": _header(cookies)})
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or []:
                cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            connection.close()
            location = answer.headers["Location"]
            if location.startswith(REDIRECT_URI):
                break
            parts = urlsplit(location)
            location = f"{parts.path}?{parts.query}" if parts.query else parts.path
        assert "code=" in location, f"{self.name} let nobody in: {location}"
        self._cookie = _header({name: value for name, value in cookies.items() if name.startswith("_session")})

    def _signs_in(self, scope: str) -> tuple[Stage, ...]:
        return self._authorize(scope, is_measured=False), (self._exchange, 200, False)

    def _authorize(self, scope: str, *, is_measured: bool) -> Stage:
        def make(count: int, _answers: list[Answer]) -> list[Request]:
            queries = [urlencode(_authorization_parameters(scope)) for _ in range(count)]
            return [Request("GET", "/auth", query, (("Cookie", self._cookie),)) for query in queries]

        return make, 303, is_measured

    @staticmethod
    def _exchange(_count: int, answers: list[Answer]) -> list[Request]:
        codes = [_find(r"[?&]code=([\w-]+)", answer.headers["location"]) for answer in answers]
        common = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
        return [form_request("/token", *_CLIENT, common | {"code": code}) for code in codes]

    @staticmethod
    def _client_credentials(count: int, _answers: list[Answer]) -> list[Request]:
        return [form_request("/token", *_CLIENT, {"grant_type": "client_credentials", "scope": SCOPE})] * count

    @staticmethod
    def _refresh(_count: int, answers: list[Answer]) -> list[Request]:
        tokens = [_token(answer, "refresh_token") for answer in answers]
        return [
            form_request("/token", *_CLIENT, {"grant_type": "refresh_token", "refresh_token": token})
            for token in tokens
        ]

    @staticmethod
    def _introspect(_count: int, answers: list[Answer]) -> list[Request]:
        tokens = [_token(answer, "access_token") for answer in answers]
        return [form_request("/token/introspection", *_CLIENT, {"token": token}) for token in tokens]

    @staticmethod
    def _userinfo(_count: int, answers: list[Answer]) -> list[Request]:
        tokens = [_token(answer, "access_token") for answer in answers]
        return [Request("GET", "/me", headers=(("Authorization", f"Bearer {token}"),)) for token in tokens]

    @staticmethod
    def _metadata(count: int, _answers: list[Answer]) -> list[Request]:
        return [Request("GET", "/.well-known/openid-configuration")] * count


def _database_environ(database_url: str, directory: Path) -> dict[str, str]:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return {"DATABASE": str(directory / "peer.sqlite")}
    host, port = url.query.get("host") or url.host or "", url.query.get("port") or url.port or 5432
    named = {"PGHOST": host, "PGPORT": port, "PGDATABASE": url.database, "PGUSER": url.username}
    if url.password:
        named["PGPASSWORD"] = url.password
    return {"DATABASE": "postgresql"} | {name: str(value) for name, value in named.items() if value}


def _authorization_parameters(scope: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": _CLIENT[0],
        "redirect_uri": REDIRECT_URI,
        "scope": scope,
        "state": secrets.token_hex(8),
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _token(answer: Answer, name: str) -> str:
    return _find(rf'"{name}":"([\w-]+)"', answer.body.decode())


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not in {text[:300]}"
    return found[1]
