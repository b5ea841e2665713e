"""A real deadlock with somebody who keeps no order of locks: the request that PostgreSQL ends is done again, once.

The rival takes the row that the request comes to last, and then the one that it has first.
"""

from threading import Thread

import psycopg
import pytest
from sqlalchemy import func, select

from app.accounts.models import Session
from app.consents.models import Consent
from app.database import repeat
from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.refresh import RefreshToken
from tests.actors import Browser
from tests.robustness.locking import administrator, wait_until

pytestmark = pytest.mark.parametrize(
    "each_app", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True, scope="session"
)
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture
def repeated(monkeypatch) -> list[str]:
    """The kind of each error after which something was tried again."""
    kinds: list[str] = []
    monkeypatch.setattr(repeat._log, "info", lambda _message, kind: kinds.append(kind))
    return kinds


def in_a_circle(app, act, *, rival_has: str, rival_wants: str):
    """The answer to a request that waits for a rival, who then waits for the request. The rival has more patience."""
    answers = []
    with administrator(app) as rival, administrator(app) as watcher:
        rival.execute("BEGIN")
        # Whoever comes to look first is ended: that is to be the request.
        rival.execute("SET LOCAL deadlock_timeout = '10s'")
        rival.execute(rival_has)
        asking = Thread(target=lambda: answers.append(act()), daemon=True)
        asking.start()
        wait_until(lambda: watcher.execute(_WAITING).fetchone()[0] == 1)
        rival.execute(rival_wants)
        rival.execute("ROLLBACK")
        asking.join(20)
    return answers[0]


def count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def test_a_refresh(app, notebook, signed_in, repeated):
    tokens = notebook.tokens(signed_in)
    answer = in_a_circle(
        app,
        lambda: notebook.refresh(tokens["refresh_token"]),
        rival_has="SELECT 1 FROM oauth_refresh_tokens FOR UPDATE",
        rival_wants="SELECT 1 FROM oauth_families FOR UPDATE",
    )
    assert repeated == ["DeadlockDetected"]
    assert answer.status_code == 200 and notebook.is_alive(answer.json["access_token"])
    assert count(app, RefreshToken) == 2


def test_a_decision_is_written_down_and_noted_once(app, notebook, signed_in, repeated):
    page = notebook.start(signed_in)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    answer = in_a_circle(
        app,
        lambda: signed_in.submit(page, press="Authorize"),
        rival_has="LOCK TABLE consents IN SHARE MODE",
        rival_wants="SELECT 1 FROM users FOR UPDATE",
    )
    assert repeated == ["DeadlockDetected"]
    assert "code" in notebook.answer(answer)
    assert count(app, Consent) == count(app, AuthorizationCode) == 1
    app.extensions["services"].notes.of(RequestLog).flush()
    assert count(app, RequestRecord) == 1


def test_a_page_of_the_dashboard(app, bob, notebook, repeated):
    browser = Browser(app)
    browser.enter(bob)
    path = f"/org/oauth/{notebook.client_id}/settings"
    page = browser.get(path)
    answer = in_a_circle(
        app,
        lambda: browser.submit(page, press="Save", name="Bob's Notebook"),
        rival_has="LOCK TABLE audit_events IN EXCLUSIVE MODE",
        rival_wants="SELECT 1 FROM clients FOR UPDATE",
    )
    assert repeated == ["DeadlockDetected"]
    assert (answer.status_code, answer.location) == (303, path)
    saved = browser.follow(answer)
    # Said once, though it was done twice.
    assert saved.text.count("The app was saved.") == 1 and "Bob&#39;s Notebook" in saved.text


def test_a_call_of_the_api(app, notebook, signed_in, repeated):
    tokens = notebook.tokens(signed_in, scope="memories:read memories:write", choose={"selection": "none"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Idempotency-Key": "one"}

    def add():
        body = {"title": "Bread", "text": "Flour.", "tags": ["a"]}
        return app.test_client().post("/api/v1/memories/", json=body, headers=headers)

    answer = in_a_circle(
        app,
        add,
        rival_has="LOCK TABLE memory_tags IN EXCLUSIVE MODE",
        rival_wants="SELECT 1 FROM consents FOR UPDATE",
    )
    assert (repeated, answer.status_code) == (["DeadlockDetected"], 201)
    found = app.test_client().get("/api/v1/memories/", headers=headers).json["data"]
    assert [memory["title"] for memory in found] == ["Bread"]


def test_what_never_ends_is_unavailable_and_has_left_nothing(app, notebook, signed_in, monkeypatch):
    """After a few tries: 503, and when to try again."""
    tokens, tries = notebook.tokens(signed_in), []

    def end(*_arguments, **_options):
        tries.append(1)
        raise psycopg.errors.SerializationFailure

    with monkeypatch.context() as patch:
        for name in ("rotate_while_seen", "rotate_refresh_token"):
            patch.setattr(f"app.oauth.grants.refresh_token.{name}", end)
        answer = notebook.refresh(tokens["refresh_token"])
    assert (answer.status_code, "Retry-After" in answer.headers, len(tries)) == (503, True, repeat.MOST_TRIES)
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_a_request_that_has_committed_something_is_not_done_again(app, browser, alice, monkeypatch):
    """Signing in commits, and then looks: what comes later is an error, and no second session."""
    tries = []

    def end(*_arguments):
        tries.append(1)
        raise psycopg.errors.SerializationFailure

    monkeypatch.setattr("app.accounts.signing_in.remember_browser", end)
    answer = browser.sign_in(alice.email, alice.password)
    assert (answer.status_code, len(tries), count(app, Session)) == (503, 1, 1)
