"""A route says its door, and all that follows from it: walked over every route that there is."""

import re
from collections.abc import Iterator

import flask
import pytest
from flask import Flask, request, session
from flask.sessions import NullSession
from werkzeug.http import HTTP_STATUS_CODES

from app import create_app
from app.accounts.organizations import find_organization
from app.clients.registration import register_client
from app.config import settings
from app.database.access import EVERYTHING, Access, _access
from app.extensions import csrf, db
from app.guide.contents import PAGES
from app.http import signposts
from app.http.doors import (
    API,
    BACK,
    DOORS,
    FILE,
    MCP,
    META,
    PAGE,
    PROBE,
    SELF,
    STEP,
    WIRE,
    Database,
    Door,
    Errors,
    Origins,
)
from app.http.routes import Blueprint, Route, RouteWithoutDoor
from app.worker import refusals
from tests.tables import each

ORIGIN = "https://app.acme.example"
_ENTRANCES = (
    "accounts.confirm",
    "accounts.sign_up_by_letter",
    "accounts.second_step",
    "accounts.second_by_passkey",
    "accounts.sign_in",
    "accounts.sign_in_with_passkey",
    "accounts.sign_up",
)
REQUEST_ID = re.compile(r"req_[0-9a-f]{24}")
#: Answers that say more of themselves than their door does, or less: endpoint -> the headers.
SAYS_ITSELF = {
    "assistants.llms_txt": {"Cache-Control"},
    "assistants.markdown": {"Cache-Control"},
    "mailbox.show_html": {"Content-Security-Policy"},
    "oauth.show_logo": {"Cache-Control", "Content-Security-Policy"},
    "signposts.show_favicon": {"Cache-Control"},
    "signposts.show_robots": {"Cache-Control"},
}


@pytest.fixture
def registered_origin(app, bob) -> str:
    """An origin that one of Acme's apps has registered."""
    with app.app_context():
        register_client(
            db.session(),
            settings(),
            organization=find_organization("acme"),
            name="Acme Web",
            type="public",
            redirect_uris=[f"{ORIGIN}/callback"],
            scopes=["memories:read"],
            request_origins=[ORIGIN],
        )
        db.session.commit()
    return ORIGIN


def path_of(route: Route) -> str:
    return re.sub(r"<[^>]+>", "x", route.rule)


def routes(app: Flask) -> Iterator[Route]:
    return app.url_map.iter_rules()


# -- every route says one ----------------------------------------------------------------------------


def test_every_route_says_its_door(app):
    silent = [f"{route.rule} ({route.endpoint})" for route in routes(app) if getattr(route, "door", None) not in DOORS]
    assert not silent, f"These routes say no door: {silent}"
    assert {route.door for route in routes(app)} == set(DOORS)


def test_a_route_that_says_no_door_is_refused_by_name(settings):
    house = create_app(settings)
    with pytest.raises(RouteWithoutDoor, match=r"/newcomer \(newcomer\) says no door"):
        house.add_url_rule("/newcomer", "newcomer", lambda: "")


def test_no_app_is_made_with_a_route_that_says_no_door(settings, monkeypatch):
    plain = flask.Blueprint("plain", __name__)
    plain.add_url_rule("/newcomer", "newcomer", lambda: "")
    monkeypatch.setattr(signposts, "blueprint", plain)
    with pytest.raises(RouteWithoutDoor, match=r"/newcomer \(plain.newcomer\) says no door"):
        create_app(settings)


def test_a_blueprint_without_a_door_cannot_be_made():
    with pytest.raises(TypeError, match="door"):
        Blueprint("plain", __name__)


def test_a_route_may_say_another_door_than_its_blueprint(settings):
    mixed = Blueprint("mixed", __name__, door=PAGE, url_prefix="/mixed")
    mixed.get("/page")(lambda: "")
    mixed.get("/program", endpoint="program", door=API)(lambda: "")
    house = create_app(settings)
    house.register_blueprint(mixed)
    assert {route.rule: route.door for route in routes(house) if route.rule.startswith("/mixed")} == {
        "/mixed/page": PAGE,
        "/mixed/program": API,
    }


def test_each_address_is_behind_the_door_that_it_belongs_to(app):
    """A list by hand, so that nobody gives a route another door by accident."""
    found: dict[str, set[str]] = {door.name: set() for door in DOORS}
    for route in routes(app):
        found[route.door.name].add(route.rule)
    assert found["wire"] == {
        "/oauth/par",
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/device_authorization",
        "/api/v1/auth/oauth2/token/",
        "/token",
    }
    assert found["back"] == {"/oauth/introspect"}
    assert found["probe"] == {"/healthz", "/readyz"}
    assert found["file"] == {"/static/<path:filename>"}
    assert found["meta"] == {
        "/.well-known/oauth-authorization-server",
        *(f"/.well-known/oauth-protected-resource{path}" for path in ("", "/api/v1", "/mcp")),
        "/.well-known/security.txt",
        "/api/openapi.json",
        "/llms.txt",
        *(f"/guide/{page.name}.md" for page in PAGES),
    }
    assert found["self"] == {"/oauth/register", "/register", "/oauth/register/<client_id>"}
    assert found["mcp"] == {"/mcp"}
    assert all(rule.startswith("/api/") for rule in found["api"]) and len(found["api"]) > 15
    pages = {rule for rule in found["page"] if rule.startswith("/api/")}
    assert not pages and len(found["page"]) > 70
    assert found["step"] == {
        "/authorize",
        "/device",
        "/device/done",
        "/oauth/authorize",
        "/api/v1/auth/oauth2/authorize/",
        *(f"/oauth/authorize/{step}" for step in ("account", "cancel", "consent", "continue", "mementos", "wait")),
    }


# -- one walk over all of them -------------------------------------------------------------------------


def _headers_of(door: Door, status: int) -> dict[str, str]:
    """What the door's row says that an answer has, over plain http."""
    said = PAGE.headers if status >= 400 and door.errors is Errors.PAGE else door.headers
    expected = dict(said.fixed)
    if said.policy:
        expected["Content-Security-Policy"] = f"{said.policy}; form-action 'self'"
    return expected


@each("door", DOORS, ids=lambda door: door.name)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
def test_what_a_door_says_holds_for_each_of_its_routes(app, door, method):
    walked = [route for route in routes(app) if route.door is door]
    assert walked
    stranger = app.test_client(use_cookies=False)
    for route in walked:
        answer = stranger.open(path_of(route), method=method, headers={"Origin": "http://127.0.0.1:8000"})
        where = (method, route.rule)
        own = SAYS_ITSELF.get(route.endpoint, set()) if answer.status_code < 400 else set()
        for name, value in _headers_of(door, answer.status_code).items():
            assert name in own or name == "Cache-Control" or answer.headers.get(name) == value, (where, name)
        assert own or door is FILE or answer.headers["Cache-Control"] == "no-store", where
        assert ("Content-Security-Policy" in answer.headers) == bool(_headers_of(door, answer.status_code).get(
            "Content-Security-Policy")) or own, where  # fmt: skip
        assert REQUEST_ID.fullmatch(answer.headers.get("X-Request-ID", "")) or not door.tells_request_id, where
        if not door.has_session:
            assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.vary, where
        if answer.status_code >= 400 and method != "HEAD":
            assert _shape(answer) is door.errors, where


def _shape(answer) -> Errors:
    """The shape in which an error was told."""
    if answer.mimetype != "application/json":
        return Errors.PAGE
    if "code" in answer.json:
        return Errors.API
    return Errors.OAUTH if "error_uri" in answer.json else Errors.PLAIN


@each("door", DOORS, ids=lambda door: door.name)
def test_a_session_is_opened_where_a_person_comes_in_and_nowhere_else(app, door):
    for route in (route for route in routes(app) if route.door is door):
        for method in route.methods:
            with app.test_request_context(path_of(route), method=method):
                is_open = not isinstance(session._get_current_object(), NullSession)
                assert is_open is door.has_session, (method, route.rule)


@each("door", DOORS, ids=lambda door: door.name)
def test_a_form_without_its_token_is_refused_where_people_come_in(app, browser, alice, door):
    """Each route that takes something. Programs bring credentials of their own, which no browser adds by itself."""
    browser.sign_in(alice.email, alice.password)
    walked = 0
    for route in (route for route in routes(app) if route.door is door):
        for method in route.methods - {"GET", "HEAD", "OPTIONS"}:
            answer = browser.client.open(path_of(route), method=method, base_url="http://127.0.0.1:8000", data={})
            refused = answer.status_code == 400 and "This page was open for too long" in answer.text
            # Signing in and up answer whoever is in already with where they wanted to go.
            refused |= route.endpoint in _ENTRANCES and answer.status_code == 303
            assert refused is door.checks_forms, (method, route.rule, answer.status_code)
            walked += 1
    assert walked or door in (FILE, META, PROBE)


@each("door", DOORS, ids=lambda door: door.name)
def test_what_a_web_page_may_read_is_what_the_door_says(app, registered_origin, door):
    expected = {Origins.NONE: (None, None), Origins.CALLER: (registered_origin, None), Origins.ANY: ("*", "*")}[
        door.origins
    ]
    stranger = app.test_client(use_cookies=False)
    for route in (route for route in routes(app) if route.door is door):
        for origin, allowed in zip((registered_origin, "https://evil.example"), expected, strict=True):
            for method in ("OPTIONS", "GET", "POST"):
                answer = stranger.open(path_of(route), method=method, headers={"Origin": origin})
                assert answer.headers.get("Access-Control-Allow-Origin") == allowed, (method, route.rule, origin)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_what_a_request_may_write_is_what_its_door_says_of_its_method(settings, monkeypatch, door):
    # The form would have to bring a token.
    monkeypatch.setattr(csrf, "protect", lambda: None)
    house, told = create_app(settings), {}
    methods = ["GET", "HEAD", "OPTIONS", "POST", "DELETE"]

    def tell() -> str:
        told[request.method] = _access.get()
        return ""

    house.add_url_rule("/tell", "tell", tell, methods=methods, door=door)
    for method in methods:
        assert house.test_client().open("/tell", method=method).status_code == 200
        assert _access.get() == EVERYTHING
    writes = Access(orm_writes=door.database is Database.ORM, driver_writes=True, notes=True)
    reads = Access(orm_writes=False, driver_writes=door.database is Database.DRIVER, notes=True)
    nothing = Access(orm_writes=False, driver_writes=False, notes=False)
    assert told == {"GET": reads, "HEAD": nothing, "OPTIONS": reads, "POST": writes, "DELETE": writes}


# -- what leads nowhere --------------------------------------------------------------------------------

#: path -> the door that answers. What is there decides, and no list.
NOWHERE = {
    "/nothing": PAGE,
    "/oauth": WIRE,
    "/oauth/": WIRE,
    "/oauth/nothing": WIRE,
    "/oauth/tok": WIRE,
    "/oauth/authorize/nothing": STEP,
    "/oauth//token": WIRE,
    "/oauth/register/x/y": SELF,
    "/mcp/nothing": MCP,
    "/oauth/tokens": WIRE,
    "/oauth/token/nothing": WIRE,
    "/oauth/revoked": WIRE,
    "/oauth/introspection": BACK,
    "/api": API,
    "/apis": PAGE,
    "/api/": API,
    "/api/nothing": API,
    "/api/v1/nothing": API,
    "/api/v1/auth/nothing": API,
    "/api/v1/memories/x/y": API,
    "/api/v1/auth/oauth2/": WIRE,
    "/api/v1/auth/oauth2/nothing": WIRE,
    "/api/v1/auth/oauth2/authorize/nothing": STEP,
    "/.well-known/nothing": META,
    "/.well-known/openid-configuration": META,
    "/.well-known/oauth-authorization-server/tenant": META,
    "/guide/nothing.md": PAGE,
    "/guide/nothing": PAGE,
    "/healthz/nothing": PROBE,
    "/static/nothing": FILE,
    "/static": FILE,
    "/account/nothing": PAGE,
    "/x//y": PAGE,
}


@each(("path", "door"), NOWHERE.items())
def test_what_leads_nowhere_is_answered_as_what_is_nearest(app, path, door):
    assert app.find_door(path) is door
    answer = app.test_client().get(path)
    assert answer.status_code == 404
    assert _shape(answer) is door.errors


def test_a_method_that_a_route_does_not_take_is_answered_by_its_door(app):
    stranger = app.test_client(use_cookies=False)
    for route in routes(app):
        answer = stranger.open(path_of(route), method="TRACE")
        assert answer.status_code == 405, route.rule
        assert _shape(answer) is route.door.errors, route.rule


@each(("path", "door"), {**NOWHERE, "/oauth/token": WIRE, "/api/me/": API, "/sign-in": PAGE}.items())
def test_a_line_that_the_server_refused_is_answered_by_the_door_that_it_names(app, path, door):
    answer = app.test_client().get(path, environ_overrides={"reliquary.refused": 414})
    assert answer.status_code == 414
    assert _shape(answer) is door.errors


@each("path", ["/oauth/token", "/oauth/register", "/.well-known/oauth-authorization-server", "/mcp", "/healthz"])
def test_whoever_could_not_be_read_is_told_what_to_send(app, path):
    """And not the name of the status, nor that it is our fault."""
    for status in {status for _, status in refusals._STATUSES if status != 500} | {413}:
        answer = app.test_client().get(path, environ_overrides={"reliquary.refused": status})
        error, sentence = answer.json["error"], answer.json.get("error_description")
        if path == "/mcp":
            error, sentence = error["data"]["error"], error["message"]
        assert (answer.status_code, error) == (status, "invalid_request")
        assert HTTP_STATUS_CODES[status].lower() not in sentence.lower(), status


def test_the_measured_paths_need_no_search(app):
    """Every route that programs call and that has one address, in both spellings."""
    direct = app._direct_routes
    for method, path in (("POST", "/oauth/token"), ("POST", "/oauth/introspect/"), ("GET", "/api/me")):
        assert direct[method, path].rule.rstrip("/") == path.rstrip("/")
    assert not any(route.door.has_session or route.arguments for route in direct.values())
