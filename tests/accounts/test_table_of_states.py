"""What an account may do in each of its states, at every page, endpoint and tool: the operator's table, line by line.

The table stands in ``deploy/RUNBOOK.md``, where it is read; here each of its cells is run.
"""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import clock
from app.accounts.models import Organization, User
from app.extensions import db
from app.mcp.tools import TOOLS as THE_TOOLS
from app.scopes import SCOPES
from tests.accounts.lines_of_states import (
    ANSWERING,
    API,
    DASHBOARD,
    EVERYBODY,
    INTROSPECTION,
    ITSELF,
    LINES,
    OPERATORS,
    ORGANIZATIONS,
    OWN,
    REDEEMING,
    REFRESHING,
    TOOL_NAMES,
    TOOLS,
)
from tests.actors import Browser
from tests.tables import each

_IS_FLEET = bool(os.environ.get("TEST_FLEET"))
_RUNBOOK = Path(__file__).resolve().parents[2] / "deploy" / "RUNBOOK.md"
SIGNING_IN = "signing in with the right password"
STATES = ("confirmed", "unconfirmed", "second factor missing", "disabled", "deletion asked")
OPEN = STATES[:3]
#: Pages that lead to the sign-in in every state, because that is what was asked for.
_LEAD_TO_SIGN_IN = {"personal.sign_out_everywhere", "oauth.switch_account"}
ALL_SCOPES = " ".join(SCOPES)


def read_table() -> dict[tuple[str, str], str]:
    """The cells of the table: (line, state) -> word."""
    rows = re.findall(r"^\| (.+) \|$", _RUNBOOK.read_text().partition("# What an account may do")[2], re.M)
    head, *lines = [[cell.strip() for cell in row.split("|")] for row in rows]
    assert tuple(head[1:]) == STATES
    return {(line[0], state): word for line in lines for state, word in zip(head[1:], line[1:], strict=True)}


@pytest.fixture
def set_state(app, bob) -> Callable[[str], None]:
    """Put Bob, an admin of Acme, into a state."""

    def put(state: str) -> None:
        now = clock.now()
        values = {
            "is_operator": True,
            "email_verified_at": None if state == "unconfirmed" else now,
            "disabled_at": now if state == "disabled" else None,
            "deletes_at": now + timedelta(days=7) if state == "deletion asked" else None,
        }
        with app.app_context():
            db.session.execute(update(User).where(User.id == bob.id).values(**values))
            db.session.execute(update(Organization).values(demands_second_factor=state == "second factor missing"))
            db.session.commit()

    return put


@pytest.fixture
def enter(app, bob, set_state, monkeypatch) -> Callable[[str], Browser]:
    """A browser in which Bob signed in while all was well. It may send forms that no page showed."""
    monkeypatch.setattr("flask_wtf.csrf.validate_csrf", lambda *_given, **_named: None)

    def act(state: str) -> Browser:
        set_state("confirmed")
        browser = Browser(app)
        browser.enter(bob)
        set_state(state)
        return browser

    return act


@pytest.fixture
def begin(notebook, enter, set_state) -> Callable[[str, str], tuple[Browser, str]]:
    """A browser in which Bob is about to use a line's pages, and what their addresses end with."""

    def act(line: str, state: str) -> tuple[Browser, str]:
        browser, query = enter("confirmed"), ""
        if line == ANSWERING:
            page = notebook.start(browser)
            assert page.status_code == 200, page.text
            query = "?" + page.request.query_string.decode()
        set_state(state)
        return browser, query

    return act


def rules_of(app, line: str) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if LINES.get(rule.endpoint) == line
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def chosen(rules: list[tuple[Rule, str]], state: str) -> list[tuple[Rule, str]]:
    """All of them; of the states in which an open account differs little, without the fleet, only some."""
    return rules if _IS_FLEET or state not in OPEN[1:] else rules[::5]


def send(browser: Browser, rule: Rule, method: str, query: str = "", client_id: str = "x", **how) -> TestResponse:
    path = re.sub(r"<[^>]+>", "x", rule.rule.replace("<client_id>", client_id)) + query
    return browser.client.open(path, method=method, base_url="http://127.0.0.1:8000", buffered=True, **how)


def word_of(answer: TestResponse) -> str:
    """What a page's answer is in the table."""
    location = answer.headers.get("Location", "")
    if location.startswith("/account/settings/sign-in/?next="):
        return "led to its factors"
    if location.startswith("/sign-in/come-back"):
        return "asked"
    if re.match(r"/sign-in(\?next=|$)", location):
        return "no"
    if answer.status_code == 403 and "/account/settings/sign-in/?next=" in answer.text:
        return "led to its factors"
    return "told why" if answer.status_code == 403 and "switched off" in answer.text else "yes"


def test_every_endpoint_and_tool_has_a_line(app):
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert sorted(there - LINES.keys()) == [], "These endpoints stand on no line of tests/accounts/lines_of_states.py."
    assert sorted(LINES.keys() - there) == []
    assert sorted(TOOL_NAMES.split()) == sorted(THE_TOOLS)


def test_the_table_has_a_row_for_every_line():
    assert {line for line, _ in read_table()} == {SIGNING_IN, REFRESHING, *LINES.values()}


@each("state", STATES)
def test_signing_in(app, bob, set_state, state):
    set_state(state)
    browser = Browser(app)
    answer = browser.sign_in(bob.email, bob.password, next="/account/")
    assert word_of(answer) == read_table()[SIGNING_IN, state]
    assert (browser.get("/account/").status_code == 200) == (state in OPEN)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("line", [EVERYBODY, OWN, ANSWERING, ORGANIZATIONS, DASHBOARD])
def test_pages(app, notebook, begin, line, state):
    expected, wrong = read_table()[line, state], {}
    browser, query = begin(line, state)
    # So that it is not for the app that a page is not there.
    client_id = notebook.client_id if line == DASHBOARD else "x"
    for rule, method in chosen(rules_of(app, line), state):
        answer = send(browser, rule, method, query, client_id)
        if word_of(answer) != expected:
            # What was sent before may have signed out, or used the request up.
            browser, query = begin(line, state)
            answer = send(browser, rule, method, query, client_id)
        assert answer.status_code < 500, (rule.rule, method, answer.text)
        if word_of(answer) != expected and not (state in OPEN and rule.endpoint in _LEAD_TO_SIGN_IN):
            wrong[rule.endpoint, method] = word_of(answer), answer.status, answer.headers.get("Location")
    if line != EVERYBODY:
        assert wrong == {}
    else:
        # Some of them lead to the sign-in, or are it: in each state the same.
        assert {one for one in wrong.values() if one[0] != "no"} == set()


@pytest.mark.parametrize("state", STATES)
def test_operators_pages(app, begin, state):
    browser, _ = begin(OPERATORS, state)
    answers = {rule.endpoint: send(browser, rule, method).status_code for rule, method in rules_of(app, OPERATORS)}
    # Some are about a thing that is not there; the others show whether there is a page at all.
    is_there = answers["operator.overview"] == answers["operator.list_people"] == 200
    assert ("yes" if is_there else "not there") == read_table()[OPERATORS, state]
    assert is_there or set(answers.values()) == {404}


@pytest.fixture
def tokens(app, notebook, enter, bob) -> dict:
    """What Acme Notebook has of Bob: a code, and tokens for the API and for agents."""
    browser = enter("confirmed")
    notebook.scope = ALL_SCOPES
    return {
        "api": notebook.tokens(browser, scope=ALL_SCOPES),
        "mcp": notebook.exchange(notebook.code(browser, resource="http://127.0.0.1:8000/mcp")).json,
        "code": notebook.code(browser),
    }


@pytest.mark.parametrize("state", STATES)
def test_with_a_token(app, notebook, set_state, tokens, state):
    table = read_table()
    set_state(state)
    assert _calls(app, tokens["api"]["access_token"]) == {table[API, state]}
    assert _tools(app, tokens["mcp"]["access_token"]) == {table[TOOLS, state]}
    is_active = notebook.introspect(tokens["api"]["access_token"]).json["active"]
    assert ("yes" if is_active else "no") == table[INTROSPECTION, state]
    assert _grant(notebook.exchange(tokens["code"])) == table[REDEEMING, state]
    assert _grant(notebook.refresh(tokens["mcp"]["refresh_token"])) == table[REFRESHING, state]
    if table[API, state] == "rests":
        set_state("confirmed")
        assert _calls(app, tokens["api"]["access_token"]) == {"yes"}
        assert _tools(app, tokens["mcp"]["access_token"]) == {"yes"}
        assert _grant(notebook.exchange(tokens["code"])) == "yes"
        assert _grant(notebook.refresh(tokens["mcp"]["refresh_token"])) == "yes"


def _calls(app, token: str) -> set[str]:
    browser = Browser(app)
    headers = {"Authorization": f"Bearer {token}"}
    answers = [
        send(browser, rule, method, headers=headers, **({} if method == "GET" else {"json": {}}))
        for rule, method in rules_of(app, API)
    ]
    assert len(answers) > 20
    return {_told(answer) for answer in answers}


def _tools(app, token: str) -> set[str]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    client = app.test_client()
    named = [call | {"params": {"name": name, "arguments": {}}} for name in TOOL_NAMES.split()]
    return {_told(client.post("/mcp", json=one, headers=headers)) for one in named}


def _told(answer: TestResponse) -> str:
    assert answer.status_code < 500, answer.text
    if answer.status_code != 401:
        return "yes"
    return "rests" if "switched off" in answer.headers["WWW-Authenticate"] else "ended"


def _grant(answer: TestResponse) -> str:
    if answer.status_code == 200:
        return "yes"
    assert answer.json["error"] == "invalid_grant"
    return "rests" if "switched off" in answer.json["error_description"] else "ended"


@each("state", STATES)
def test_what_an_app_does_for_itself_asks_nobodys_account(app, notebook, set_state, state):
    set_state(state)
    assert read_table()[ITSELF, state] == "yes"
    token = notebook.client_credentials().json["access_token"]
    assert notebook.introspect(token).json["active"] is True
    assert notebook.revoke(token).status_code == 200
    browser = Browser(app)
    for rule, method in rules_of(app, ITSELF):
        answer = send(browser, rule, method)
        assert answer.status_code < 500 and "switched off" not in answer.text, rule.rule


def test_the_state_of_one_account_is_nobody_elses(app, notebook, set_state, alice, bob):
    set_state("disabled")
    browser = Browser(app)
    browser.enter(alice)
    assert browser.get("/account/").status_code == 200
    with app.app_context():
        assert db.session.scalar(select(User.disabled_at).where(User.id == alice.id)) is None
