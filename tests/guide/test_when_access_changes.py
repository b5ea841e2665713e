"""What the guide says that an app sees when its person pauses, narrows or ends it is what the server answers."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from types import SimpleNamespace

import pytest
from werkzeug.test import TestResponse

from app.consents import changes
from app.database.connections import connect as connect_to
from app.extensions import db
from app.guide.contents import PAGES
from tests.api.conftest import choose, shelf
from tests.guide.conftest import PATHS, GuidePage
from tests.mcp.conftest import RESOURCE, Agent, connect
from tests.protocol import change_consent

__all__ = ["change_consent", "choose", "connect", "shelf"]

_SCOPE = "memories:read memories:write"
_TOLD = ("WWW-Authenticate", "Retry-After", "Content-Type")


def as_told(answer: TestResponse) -> str:
    """An answer as the guide writes it down: what an app looks at, with what differs each time left out."""
    lines = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}"]
    lines += [f"{name}: {answer.headers[name]}" for name in _TOLD if name in answer.headers]
    body = json.dumps(answer.json, indent=2, ensure_ascii=False)
    # Short lists and objects on one line, as in the other examples.
    body = re.sub(r"\[\s+(\"[^\[\]{}]*?\")\s+\]", lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", body)
    text = "\n".join([*lines, "", body])
    text = re.sub(r"\b(req|mem|mry|grant|usr|org|client)_[0-9a-f]+", r"\1_…", text)
    text = re.sub(r"\brlq_(at|rt)_\w+", r"rlq_\1_…", text)
    return re.sub(r'("(?:iat|exp)": )\d+', r"\g<1>…", text)


@pytest.fixture
def app_of_acme(app, alice, notebook, signed_in, shelf, choose, change_consent) -> SimpleNamespace:
    """Acme Notebook with tokens for both mementos, at the API and at /mcp, and what Alice can do to it."""
    source = shelf.connect()
    lisbon, diary = shelf.keep("Lisbon", source), shelf.keep("Diary", source)
    mementos = [shelf.memento("Travel", lisbon), shelf.memento("Private", diary)]
    picked = {"selection": "selected", "memento_ids": mementos}
    at_api = notebook.tokens(signed_in, scope=_SCOPE, choose=picked)
    at_mcp = notebook.tokens(signed_in, scope=_SCOPE, choose=picked, resource=RESOURCE)
    grant_id = at_api["grant_id"]

    def change(what: Callable, *arguments) -> None:
        with app.app_context(), connect_to(db.engine) as connection, connection.transaction():
            assert what(connection, alice.id, grant_id, *arguments)

    acts = {
        "paused": lambda: change(changes.pause),
        "memento": lambda: choose(SimpleNamespace(grant_id=grant_id), mementos[0]),
        "scope": lambda: change_consent(notebook, scope="memories:read"),
        "ended": lambda: change(changes.end),
    }
    return SimpleNamespace(at_api=at_api, at_mcp=at_mcp, diary=diary, acts=acts, resume=lambda: change(changes.resume))


def ask(app, notebook, client, state: str) -> dict[str, TestResponse]:
    """What the four places answer, each asked for what has just changed."""
    bearer = {"Authorization": f"Bearer {client.at_api['access_token']}"}
    agent, http = Agent(app, client.at_mcp["access_token"]), app.test_client()
    if state == "scope":
        api = http.post("/api/v1/memories/", json={"title": "Tram 28", "text": "…"}, headers=bearer)
        mcp = ("save_memory", {"title": "Tram 28", "text": "…"})
    else:
        api = http.get(f"/api/v1/memories/{client.diary}/", headers=bearer)
        mcp = ("get_memory", {"id": client.diary})
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": mcp[0], "arguments": mcp[1]}}
    return {
        "api": api,
        "mcp": agent.post(message),
        "introspection": notebook.introspect(client.at_api["access_token"]),
        "token": notebook.refresh(client.at_api["refresh_token"]),
    }


@pytest.fixture
def told(browser) -> dict[str, str]:
    """The answers on the page, by state and place."""
    path = PATHS[[page.name for page in PAGES].index("when-access-changes")]
    return GuidePage(browser.get(path).text).exchanges


@pytest.mark.parametrize("state", ["paused", "memento", "scope", "ended"])
def test_each_answer_of_the_page_is_the_servers_own(app, notebook, app_of_acme, told, state):
    app_of_acme.acts[state]()
    real = {f"{state}-{place}": as_told(answer) for place, answer in ask(app, notebook, app_of_acme, state).items()}
    assert {name for name in told if name.startswith(state)} == real.keys()
    for name, text in real.items():
        assert told[name].strip() == text, f"Write it into templates/guide/exchanges/{name}.http:\n{text}"


def test_before_anything_changes_all_of_it_works(app, notebook, app_of_acme):
    """So that what is told above comes of the change alone."""
    for state in ("scope", "paused"):
        answers = ask(app, notebook, app_of_acme, state)
        assert {answer.status_code for answer in answers.values()} <= {200, 201}
        assert answers["introspection"].json["active"] and not answers["mcp"].json["result"]["isError"]
        # The refresh token was spent.
        app_of_acme.at_api = answers["token"].json
        assert app_of_acme.at_api["scope"] == _SCOPE


def test_what_was_kept_works_again_when_the_person_resumes(app, notebook, app_of_acme):
    """The page says: keep the refresh token. And the access token, as long as it lives."""
    app_of_acme.acts["paused"]()
    assert ask(app, notebook, app_of_acme, "paused")["token"].status_code == 400
    app_of_acme.resume()
    answers = ask(app, notebook, app_of_acme, "paused")
    assert [answers[place].status_code for place in ("api", "mcp", "introspection", "token")] == [200] * 4
    assert answers["introspection"].json["active"] is True


def test_what_was_ended_stays_so(app, notebook, app_of_acme):
    app_of_acme.acts["ended"]()
    for _ in range(2):
        answers = ask(app, notebook, app_of_acme, "ended")
        assert [answers[place].status_code for place in ("api", "mcp", "token")] == [401, 401, 400]


def test_the_summary_on_the_page_has_the_statuses_of_the_answers(browser, told):
    path = PATHS[[page.name for page in PAGES].index("when-access-changes")]
    table = re.search(r"<table data-summary>.*?</table>", browser.get(path).text, re.DOTALL)[0]
    rows = [re.findall(r'<td data-place="(\w+)" data-label="[^"]+">(\d{3}) ?', row) for row in table.split("<tr")[2:]]
    names = re.findall(r'<tr data-state="(\w+)"', table)
    assert names == ["paused", "memento", "scope", "ended"]
    for name, row in zip(names, rows, strict=True):
        assert len(row) == 4
        for place, status in row:
            assert told[f"{name}-{place}"].startswith(f"HTTP/1.1 {status} "), (name, place)
