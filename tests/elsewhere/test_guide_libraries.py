"""The guide's programs for libraries in other languages run as the page shows them, against a running server."""

import json
import re
from urllib.parse import quote

import pytest

from app.clients.models import CONFIDENTIAL, PUBLIC
from app.guide.libraries import LIBRARIES, MAKE_TEST_CLIENTS
from tests.elsewhere.programs import (
    PACKAGES,
    VisitorsWeb,
    need,
    place_django,
    place_go,
    place_node,
    place_page,
    place_spring,
    started,
)
from tests.guide.stage import allow, read, register
from tests.guide.visitor import Program, shorten_tokens
from tests.journeys.conftest import callback, demonstration, page
from tests.journeys.walk import ALICE, authorize, choose, sign_in
from tests.ports import free_port

__all__ = ["allow", "callback", "demonstration", "page", "read", "register"]

_IN_NODE = {"place": place_node, "programs": ("node", "npm")}
_IN_DJANGO = {"place": place_django, "programs": (), "connect": lambda web: web.post("/login/memories/").location}
_OWN = {one.name: one for one in LIBRARIES if one.run_by == MAKE_TEST_CLIENTS}


@pytest.fixture
def walk(server, register, read, allow, tmp_path):
    """Build a library's program from the page, start it, and walk it as its visitors do."""

    def walk(
        name: str,
        place,
        *,
        programs: tuple[str, ...],
        environment: dict[str, str] | None = None,
        without: tuple[str, str] | None = None,
        **more,
    ) -> None:
        if lacking := need(*programs):
            pytest.skip(lacking)
        port = free_port()
        redirect_uri = f"http://127.0.0.1:{port}{_OWN[name].callback_path or '/callback'}"
        client_id = register(CONFIDENTIAL, redirect_uri=redirect_uri, require_pushed=more.get("pushes", False))
        shorten_tokens(server, client_id)
        files = read(client_id).programs[name]
        if without:
            changed = {file: text.replace(*without) for file, text in files.items()}
            assert changed != files, f"{name} has no {without[0]!r} any more."
            files = changed
        command = place(files, tmp_path)
        with started(command, tmp_path, port, **environment or {}) as url:
            Program(server, client_id, redirect_uri, allow, lambda: VisitorsWeb(url), **more).walk()

    return walk


# -- Node.js -------------------------------------------------------------------------------------


def test_openid_client(walk):
    walk("openid-client", **_IN_NODE)


def test_openid_client_pushes_its_requests_by_one_other_call(walk):
    """As the page says (:rfc:`9126`); for an app that is refused what it did not push."""
    pushes = ("oauth.buildAuthorizationUrl(", "await oauth.buildAuthorizationUrlWithPAR(")
    walk("openid-client", without=pushes, pushes=True, **_IN_NODE)


def test_passport_oauth2(walk):
    walk("passport-oauth2", **_IN_NODE)


def press_authjs(web: VisitorsWeb) -> str:
    """Press the button of its page, which is a form with a token against forgery."""
    token = re.search(r'name="csrfToken" value="([^"]+)"', web.get("/auth/signin").text)[1]
    return web.post("/auth/signin/memories", csrfToken=token, callbackUrl="/me").location


_IN_AUTHJS = _IN_NODE | {"environment": {"AUTH_SECRET": "a" * 32}, "connect": press_authjs}


def test_authjs(walk):
    walk("authjs", **_IN_AUTHJS)


def test_oidc_client_ts_in_a_browser(server, register, read, demonstration, page, tmp_path):
    """On a page of a registered origin, which is another than the server's."""
    if lacking := need("node", "npm"):
        pytest.skip(lacking)
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{port}/callback/"
    client_id = register(PUBLIC, redirect_uri=redirect_uri)
    shorten_tokens(server, client_id)
    command = place_page(read(client_id).programs["oidc-client-ts"], tmp_path)
    visitor = Program(server, client_id, redirect_uri, allow, VisitorsWeb)

    def run(call: str):
        page.wait_for_function("window.program")
        return page.evaluate(f"async () => await program.{call}().catch(error => ({{error: error.message}}))")

    with started(command, tmp_path, port) as url:
        page.goto(url)
        with page.expect_navigation(url="**/sign-in*"):
            page.wait_for_function("window.program")
            page.evaluate("() => { program.connect() }")
        sign_in(page, ALICE, demonstration.passwords[ALICE])
        choose(page, "Recipes")
        authorize(page)
        came_back = page.url
        own_iss = "iss=" + quote(server.url, safe="")
        for genuine, forged in ((own_iss, "iss=https%3A%2F%2Fother.example"), ("state=", "state=x")):
            assert genuine in came_back
            page.goto(came_back.replace(genuine, forged))
            assert "error" in run("finish") and "error" in run("me")
        page.goto(came_back)
        assert "error" not in run("finish") and "code=" not in page.url
        assert run("me")["email"] == ALICE
        # Two at once take turns.
        both = page.evaluate("async () => await Promise.all([program.me(), program.me()])")
        assert [one["email"] for one in both] == [ALICE, ALICE]
        assert visitor.spent() >= 3
        assert run("disconnect") is None and visitor.is_ended()


# -- Python --------------------------------------------------------------------------------------


def test_python_social_auth(walk):
    walk("python-social-auth", **_IN_DJANGO)


# -- Go, Java ------------------------------------------------------------------------------------


def test_go(walk):
    walk("go", place_go, programs=("go",))


def test_spring_security(walk):
    walk(
        "spring-security",
        place_spring,
        programs=("java", "mvn"),
        environment={"SERVER_PORT": "${PORT}", "SERVER_ADDRESS": "127.0.0.1"},
        connect=lambda web: web.get("/oauth2/authorization/memories").location,
        compares_iss=False,
    )


# -- and what the page warns of --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "how", "without"),
    [
        ("python-social-auth", _IN_DJANGO, ("REDIRECT_STATE = False", "REDIRECT_STATE = True")),
        ("python-social-auth", _IN_DJANGO, ("if self.data.get", "if False and self.data.get")),
        ("python-social-auth", _IN_DJANGO, ('("refresh_token", "refresh_token", True), ', "")),
        ("openid-client", _IN_NODE, ('algorithm: "oauth2"', 'algorithm: "oidc"')),
        ("authjs", _IN_AUTHJS, ("issuer: ISSUER,", "")),
        ("passport-oauth2", _IN_NODE, ("pkce: true", "pkce: false")),
        ("passport-oauth2", _IN_NODE, ("request.query.iss === ISSUER", "true")),
        ("passport-oauth2", _IN_NODE, ("{ ...tokens, refresh_token: refreshToken }", "tokens")),
        ("go", {"place": place_go, "programs": ("go",)}, ("\tone.tokens = tokens\n\tanswer", "\tanswer")),
    ],
)
def test_without_what_the_page_says_it_does_not_work(walk, name, how, without):
    """So that each of its warnings is one, and the walk would see it."""
    with pytest.raises((AssertionError, AttributeError, KeyError, TypeError)):
        walk(name, without=without, **how)


# -- the versions --------------------------------------------------------------------------------


def test_the_versions_that_the_guide_tells_are_the_ones_that_run():
    node = json.loads((PACKAGES / "package.json").read_text())["dependencies"]
    installed = {f"{name} {version}" for name, version in node.items()}
    installed |= {line.replace("==", " ") for line in (PACKAGES / "requirements.txt").read_text().splitlines()}
    installed |= {re.search(r"(golang\.org\S+ v\S+)", (PACKAGES / "go" / "go.mod").read_text())[1]}
    installed |= {"Spring Boot " + re.search(r"<version>(\d.+?)<", (PACKAGES / "spring" / "pom.xml").read_text())[1]}
    assert {one.version for one in _OWN.values()} <= installed
