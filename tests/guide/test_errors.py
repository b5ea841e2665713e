"""The guide's tables of errors hold what the code can answer, all of it and nothing else."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from app import clock
from app.api import errors
from app.clients.models import Client
from app.extensions import db
from app.guide.api_errors import API_ERRORS
from app.guide.errors import (
    AUTHORIZE_ERRORS,
    DEVICE_ERRORS,
    ERROR_PAGES,
    INVALID_GRANT_REASONS,
    PUSH_ERRORS,
    TOKEN_ERRORS,
)
from app.guide.registration_errors import REGISTRATION_ERRORS
from app.http import error_answers
from app.limits.table import REGISTRATIONS
from app.oauth.refusals import REFUSALS, Reason, bearer, page
from app.oauth.refusals.page import PAGES
from app.operations.refusals import Kind
from tests.actors import Browser
from tests.guide.conftest import GuidePage
from tests.tables import each

_APP = Path(__file__).resolve().parents[2] / "app"


@pytest.fixture
def person(app, alice) -> Browser:
    browser = Browser(app)
    browser.enter(alice)
    return browser


# -- everything that the code raises is in a table ---------------------------------------------------


def _calls(*places: str) -> Iterator[tuple[str, str, list]]:
    """(module, what is called, its literal arguments) of every call in these files and folders of ``app``."""
    for place in places:
        path = _APP / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            module = ".".join(("app", *file.relative_to(_APP).with_suffix("").parts)).removesuffix(".__init__")
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield module, node.func.id, [_literal(one) for one in node.args]


def _literal(argument: ast.expr) -> object:
    """A literal, be it a marked sentence; the last name of ``Kind.NOT_FOUND``; None for anything else."""
    if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name) and argument.func.id == "_":
        argument = argument.args[0]
    if isinstance(argument, ast.Attribute):
        return argument.attr
    return argument.value if isinstance(argument, ast.Constant) else None


def test_every_error_of_the_protocol_is_told():
    told = {entry.code for entry in (*AUTHORIZE_ERRORS, *PUSH_ERRORS, *DEVICE_ERRORS, *TOKEN_ERRORS)}
    # What is wrong with a pushed request that somebody opens, only a page tells.
    raised = {row.error for reason, row in REFUSALS.items() if reason not in bearer.ROWS} - {"invalid_request_uri"}
    assert {"invalid_grant", "access_denied", "invalid_target"} <= raised
    # And what everything that programs call can meet.
    assert raised | {"server_error", "temporarily_unavailable"} == told


def test_every_refusal_is_told_with_its_status():
    """Those of the authorize endpoint come by redirect."""
    told = {
        (status, entry.code) for entry in (*PUSH_ERRORS, *DEVICE_ERRORS, *TOKEN_ERRORS) for status in entry.statuses
    }
    by_redirect = {entry.code for entry in AUTHORIZE_ERRORS}
    raised = {(row.status, row.error) for reason, row in REFUSALS.items() if reason not in bearer.ROWS}
    assert {one for one in raised if one[1] not in by_redirect | {"invalid_request_uri"}} <= told


def test_every_error_of_the_api_is_told_with_its_status():
    told = {(status, entry.code) for entry in API_ERRORS for status in entry.statuses}
    raised = {(status, code) for status, (code, _) in error_answers.API_ERRORS.items()}
    raised |= {tuple(arguments[:2]) for _, name, arguments in _calls("api") if name == "ApiError"}
    refused = [arguments for _, name, arguments in _calls("operations") if name == "Refused"]
    raised |= {(errors._STATUSES[Kind[kind]], code) for kind, code, *_ in refused}
    raised |= {(row.status, row.error) for row in bearer.ROWS.values()}
    assert told == raised


def test_every_error_of_registration_is_told_with_its_status():
    told = {(status, entry.code) for entry in REGISTRATION_ERRORS for status in entry.statuses}
    calls = _calls("oauth/endpoints/registration.py")
    raised = {tuple(arguments[:2]) for _, name, arguments in calls if name == "_Refused"}
    # What the registry itself refuses.
    assert raised | {(400, "invalid_redirect_uri")} == told


def test_every_page_that_people_see_instead_is_told():
    """Each is a row that the endpoints show and the guide tells of; no endpoint words a page of its own."""
    worded = [
        arguments
        for _, name, arguments in _calls("oauth/endpoints")
        if name == "error_page" and isinstance(arguments[0], int)
    ]
    assert worded == []
    assert [entry.statuses[0] for entry in ERROR_PAGES] == [page.status for page in PAGES]
    shown = (_APP / "oauth" / "endpoints" / "error_pages.py").read_text()
    named = {name for name, one in vars(page).items() if isinstance(one, page.ErrorPage)}
    by_reason = {row.page for row in REFUSALS.values()}
    assert [name for name in named if f"_show({name}" not in shown and getattr(page, name) not in by_reason] == []
    assert {getattr(page, name) for name in named} == set(PAGES)


def test_a_page_says_of_each_reason_what_its_row_says():
    """Where the app is known, the row has a sentence for the person, and both for its makers."""
    assert "%(why)s" in page.NO_WAY_BACK.shown
    for row in (row for row in REFUSALS.values() if row.page is page.NO_WAY_BACK):
        assert row.to_person and row.told and row.fix
    for entry, one in zip(ERROR_PAGES, PAGES, strict=True):
        assert entry.causes and all(meaning and fix for meaning, fix in entry.causes), one.title


def test_what_the_guide_says_of_a_refusal_is_what_the_row_says():
    """A sentence stands once: whoever changes a row changes the guide."""
    tables = (AUTHORIZE_ERRORS, PUSH_ERRORS, DEVICE_ERRORS, TOKEN_ERRORS, API_ERRORS)
    said = {cause for table in tables for entry in table for cause in entry.causes}
    rows = {(row.told, row.fix): row for reason, row in REFUSALS.items() if reason is not Reason.OTHER}
    by_line_or_page = [row for row in rows.values() if row.error == "invalid_grant" or row.page is not None]
    assert [row for pair, row in rows.items() if pair not in said and row not in by_line_or_page] == []
    tree = ast.parse((_APP / "guide" / "errors.py").read_text())
    worded = [
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "_"
    ]
    # What no row is about: where the reasons of invalid_grant are, and the server's own failures.
    assert len(worded) == 8


def test_every_reason_of_invalid_grant_is_told():
    """Each has a line of the guide, and no line is told twice."""
    assert all(row.line for row in REFUSALS.values() if row.error == "invalid_grant")
    assert {anchor for anchor, _, _ in INVALID_GRANT_REASONS} == {
        row.line.slug for row in REFUSALS.values() if row.line
    }
    assert len({anchor for anchor, _, _ in INVALID_GRANT_REASONS}) == len(INVALID_GRANT_REASONS)


# -- everything in a table is really answered, to a request with one thing wrong ----------------------

AUTHORIZE_CHANGES = {
    "invalid_request": {"code_challenge_method": "plain"},
    "unsupported_response_type": {"response_type": "token"},
    "invalid_scope": {"scope": "memories:everything"},
    "invalid_target": {"resource": "https://other.example"},
    "invalid_authorization_details": {"authorization_details": '[{"type":"memento","identifier":"all"}]'},
    "request_uri_not_supported": {"request_uri": "https://pocket.example/request.jwt"},
}


@each("code", [entry.code for entry in AUTHORIZE_ERRORS])
def test_an_error_of_the_authorize_endpoint_comes_back_by_redirect(person, pocket, code):
    if code == "access_denied":
        answer = pocket.answer(person.submit(pocket.start(person), press="Cancel"))
    else:
        answer = pocket.answer(pocket.start(person, **AUTHORIZE_CHANGES[code]))
    assert answer["error"] == code


DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_CHANGES = {
    "invalid_client": {"client_secret": "wrong"},
    "invalid_request": {"grant_type": None},
    "invalid_grant": {"grant_type": "refresh_token", "refresh_token": "rlq_rt_unknown"},
    "invalid_scope": {"scope": "memories:everything"},
    "unsupported_grant_type": {"grant_type": "password"},
    "invalid_target": {"resource": "https://other.example"},
    "invalid_authorization_details": {"authorization_details": '[{"type":"memento","identifier":"all"}]'},
    "unauthorized_client": {},
}


#: What a device is told until its person has decided.
_OF_DEVICES = ("authorization_pending", "slow_down", "access_denied", "expired_token")
_FAILURES = ("server_error", "temporarily_unavailable", "too_many_requests")
_OTHERS = (*_FAILURES, *_OF_DEVICES)


@each("entry", [one for one in TOKEN_ERRORS if one.code not in _OTHERS], ids=lambda one: one.code)
def test_an_error_of_the_token_endpoint_has_its_code_and_status(notebook, pocket, entry):
    client = pocket if entry.code == "unauthorized_client" else replace(notebook, auth_method="client_secret_post")
    response = client.client_credentials(**TOKEN_CHANGES[entry.code])
    assert (response.json["error"], response.status_code) == (entry.code, entry.statuses[0])


PUSH_CHANGES = AUTHORIZE_CHANGES | {
    "invalid_client": {"client_secret": "wrong"},
    "request_not_supported": {"request": "e30.e30."},
}


@each("entry", [one for one in PUSH_ERRORS if one.code not in _FAILURES], ids=lambda one: one.code)
def test_an_error_of_a_pushed_request_has_its_code_and_status(notebook, entry):
    response = replace(notebook, auth_method="client_secret_post").push(**PUSH_CHANGES[entry.code])
    assert (response.json["error"], response.status_code) == (entry.code, entry.statuses[0])
    assert response.json["error_uri"].endswith(f"#pushed-{entry.code}")


#: Of a request that names nothing else, but for a device that asks of an app without devices.
DEVICE_CHANGES = {name: TOKEN_CHANGES[name] for name in ("invalid_client", "invalid_scope", "invalid_target")} | {
    "invalid_request": {"scope": ["memories:read", "memories:read"]},
    "invalid_authorization_details": TOKEN_CHANGES["invalid_authorization_details"],
    "unauthorized_client": {},
}


@each("entry", [one for one in DEVICE_ERRORS if one.code not in _FAILURES], ids=lambda one: one.code)
def test_an_error_of_a_devices_request_has_its_code_and_status(notebook, change_client, entry):
    change_client(notebook, device_flow=entry.code != "unauthorized_client")
    client = replace(notebook, auth_method="client_secret_post")
    response = client.post("/oauth/device_authorization", DEVICE_CHANGES[entry.code])
    assert (response.json["error"], response.status_code) == (entry.code, entry.statuses[0])
    assert response.json["error_uri"].endswith(f"#device-{entry.code}")


def test_an_error_of_registration_leads_to_its_line(browser, change_settings):
    lines = GuidePage(browser.get("/guide/errors").text).ids
    seen = set()

    def look(response) -> None:
        page, _, anchor = response.json["error_uri"].partition("#")
        assert page == "http://127.0.0.1:8000/guide/errors" and anchor in lines
        assert anchor == f"registration-{response.json['error']}"
        seen.add((response.status_code, response.json["error"]))

    def register(**metadata):
        return browser.client.post("/oauth/register", json=metadata)

    look(register(redirect_uris=["myapp://callback"]))
    look(register(redirect_uris=["http://localhost:3000/"], grant_types=["implicit"]))
    look(register(redirect_uris=["http://localhost:3000/" + "x" * 70_000]))
    look(browser.get("/oauth/register/client_unknown"))
    for _ in range(REGISTRATIONS.most + 1):
        response = register(redirect_uris=[])
    look(response)
    change_settings(client_registration="off")
    look(register(redirect_uris=["http://localhost:3000/"]))
    assert seen == {(status, entry.code) for entry in REGISTRATION_ERRORS for status in entry.statuses}


def test_an_error_that_a_device_is_told_has_its_code_and_status(person, notebook, change_client, let_time_pass):
    change_client(notebook, device_flow=True)
    seen = []

    def poll(asked) -> None:
        answer = notebook.post("/oauth/token", {"grant_type": DEVICE_GRANT, "device_code": asked["device_code"]})
        entry = next(one for one in TOKEN_ERRORS if one.code == answer.json["error"])
        assert answer.status_code == entry.statuses[0]
        seen.append(entry.code)

    asked = notebook.post("/oauth/device_authorization", {}).json
    poll(asked), poll(asked)
    page = person.submit(person.get("/device"), action="/device", user_code=asked["user_code"])
    person.submit(person.follow(page), press="Cancel")
    poll(asked)
    asked = notebook.post("/oauth/device_authorization", {}).json
    let_time_pass(minutes=11)
    poll(asked)
    assert seen == list(_OF_DEVICES)


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("POST", 413)])
@each(
    ("path", "section", "table"),
    [
        ("/oauth/token", "token", TOKEN_ERRORS),
        ("/oauth/par/", "pushed", PUSH_ERRORS),
        ("/oauth/device_authorization", "device", DEVICE_ERRORS),
    ],
)
def test_what_is_no_request_at_all_is_invalid_request_too(app, method, status, path, section, table):
    """And is told of where the other errors of that endpoint are."""
    response = app.test_client().open(
        path, method=method, data="x" * 300_000, content_type="application/x-www-form-urlencoded"
    )
    assert (response.json["error"], response.status_code) == ("invalid_request", status)
    assert response.json["error_uri"].endswith(f"#{section}-invalid_request")
    assert status in next(entry for entry in table if entry.code == "invalid_request").statuses


def test_a_reason_of_invalid_grant_leads_to_its_line(
    app, browser, alice, person, notebook, change_client, change_consent, let_time_pass, disable
):
    lines = dict(
        re.findall(r'<tr id="(invalid_grant-[a-z-]+)"><th scope="row">(.*?)</th>', browser.get("/guide/errors").text)
    )
    seen = set()

    def look(response) -> None:
        assert response.json["error"] == "invalid_grant", response.text
        page, _, anchor = response.json["error_uri"].partition("#")
        assert page == "http://127.0.0.1:8000/guide/errors"
        told, said = unescape(lines[anchor]), response.json["error_description"]
        assert said == told or (told.startswith("That is …") and said.startswith("That is "))
        seen.add(anchor)

    look(notebook.exchange("rlq_ac_unknown"))
    look(notebook.refresh("rlq_rt_unknown"))
    look(notebook.exchange("rlq_rt_unknown"))
    look(notebook.refresh("rlq_ac_unknown"))
    code = notebook.code(person)
    look(notebook.exchange(code, redirect_uri=notebook.redirect_uri + "x"))
    look(notebook.exchange(code, code_verifier="x" * 43))
    look(notebook.exchange(notebook.code(person, code_challenge=None, code_challenge_method=None)))
    tokens = notebook.exchange(code).json
    notebook.refresh(notebook.refresh(tokens["refresh_token"]).json["refresh_token"])
    look(notebook.refresh(tokens["refresh_token"]))
    look(notebook.exchange(code))
    paused = notebook.code(person)
    change_consent(notebook, paused_at=clock.now())
    look(notebook.exchange(paused))
    change_consent(notebook, paused_at=None)
    disable(alice)
    look(notebook.exchange(paused))
    disable(alice, on=True)
    change_client(notebook, redirect_uris=["https://elsewhere.example/"])
    look(notebook.exchange(paused))
    change_client(notebook, redirect_uris=[notebook.redirect_uri])
    change_client(notebook, device_flow=True)
    asked = notebook.post("/oauth/device_authorization", {}).json
    page = person.follow(person.submit(person.get("/device"), action="/device", user_code=asked["user_code"]))
    page = person.follow(person.submit(page, press="Continue")) if "/mementos" in page.request.path else page
    person.submit(page, press="Authorize")
    poll = {"grant_type": DEVICE_GRANT, "device_code": asked["device_code"]}
    assert notebook.post("/oauth/token", poll).status_code == 200
    for device_code in (asked["device_code"], "rlq_dc_unknown", "rlq_at_unknown"):
        look(notebook.post("/oauth/token", poll | {"device_code": device_code}))
    tokens, ended = notebook.tokens(person), notebook.code(person)
    change_consent(notebook, revoked_at=clock.now())
    look(notebook.exchange(ended))
    look(notebook.refresh(tokens["refresh_token"]))
    tokens, expired = notebook.tokens(person), notebook.code(person)
    let_time_pass(seconds=61)
    look(notebook.exchange(expired))
    let_time_pass(days=31)
    look(notebook.refresh(tokens["refresh_token"]))
    assert seen == set(lines)


def test_the_pages_of_errors_have_their_headings(app, person, pocket):
    def assert_told(response, index: int) -> None:
        heading = response.text.split("<h1>")[1].split("</h1>")[0]
        told = ERROR_PAGES[index].code.replace("…", "Acme Pocket")
        assert (response.status_code, heading) == (ERROR_PAGES[index].statuses[0], told)

    assert_told(pocket.start(person, client_id="unknown"), 0)
    assert_told(pocket.start(person, redirect_uri=pocket.redirect_uri + "x"), 1)
    with app.app_context():
        db.session.get_one(Client, pocket.client_id).suspended_at = clock.now()
        db.session.commit()
    assert_told(pocket.start(person), 2)
    assert_told(person.get(pocket.named_url("urn:ietf:params:oauth:request_uri:unknown")), 3)
    assert_told(person.get("/oauth/authorize/consent?request=unknown"), 5)


def test_the_values_in_the_sentences_are_those_of_the_settings(browser):
    page = browser.get("/guide/errors").text
    assert "longer than 10 minutes for one step and closed its page, or 60 in all" in page
    assert "older than 60 seconds" in page
    assert "http://127.0.0.1:8000/api/v1" in page
    assert "{" not in page.split("<main")[1]
