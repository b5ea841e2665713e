"""What one call of a program costs: how many statements are sent to the database."""

import pytest

from app.accounts.models import User
from app.accounts.organizations import add_member, create_organization
from app.database.connections import Connection
from app.extensions import db
from tests.databases import BACKEND

pytestmark = pytest.mark.database

#: What is decided and written is one statement on PostgreSQL, and on SQLite one for each row.
_DECIDED = 1 if BACKEND == "postgresql" else 3
#: On SQLite what it is about is looked for within it.
_FOUND_AND_DECIDED = 1 if BACKEND == "postgresql" else 4


@pytest.fixture
def sent(monkeypatch):
    """Every statement of the hot path, as it is sent."""
    sent: list[str] = []
    execute = Connection._execute

    def noting(self, compiled, values):
        sent.append(compiled.sql)
        return execute(self, compiled, values)

    monkeypatch.setattr(Connection, "_execute", noting)
    return sent


@pytest.fixture
def forget(app):
    """Let nobody have been seen a moment ago."""
    return app.extensions["services"].seen_clients._known.clear


@pytest.fixture
def tokens(browser, alice, notebook):
    browser.enter(alice)
    return notebook.tokens(browser)


@pytest.fixture
def code(browser, tokens, notebook):
    return notebook.code(browser)


def test_a_code_is_exchanged_by_one_look_and_one_decision(notebook, code, forget, sent):
    forget()
    assert notebook.exchange(code).status_code == 200
    assert len(sent) == 1 + _DECIDED, sent


def test_a_code_of_a_client_that_was_just_seen_is_one_decision(notebook, code, sent):
    assert notebook.exchange(code).status_code == 200
    assert len(sent) == _FOUND_AND_DECIDED, sent


def test_a_refresh_is_one_look_and_one_decision(notebook, tokens, forget, sent):
    forget()
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200
    assert len(sent) == 1 + _DECIDED, sent


def test_a_refresh_of_a_client_that_was_just_seen_is_one_decision(notebook, tokens, sent):
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200
    assert len(sent) == _FOUND_AND_DECIDED, sent


def test_a_repeated_refresh_is_one_look_and_one_decision(notebook, tokens, forget, sent):
    notebook.refresh(tokens["refresh_token"])
    forget()
    sent.clear()
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200
    assert len(sent) == 1 + min(_DECIDED, 2), sent


def test_client_credentials_are_one_look_and_one_write(notebook, sent):
    assert notebook.client_credentials().status_code == 200
    assert len(sent) == 2, sent


def test_client_credentials_of_a_client_that_was_just_seen_are_one_statement(notebook, sent):
    notebook.client_credentials()
    sent.clear()
    assert notebook.client_credentials().status_code == 200
    assert len(sent) == 1, sent


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_introspection_is_one_look(notebook, tokens, kind, sent):
    assert notebook.introspect(tokens[kind]).json["active"]
    assert len(sent) == 1, sent


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revocation_is_one_look_and_one_write(notebook, tokens, kind, sent):
    assert notebook.revoke(tokens[kind]).status_code == 200
    assert len(sent) == 2, sent


def test_a_call_of_the_api_is_one_look(notebook, tokens, sent):
    assert notebook.me(tokens["access_token"]).status_code == 200
    assert len(sent) == 1, sent


def test_only_a_person_of_several_organizations_is_looked_up_in_their_order(app, browser, notebook, alice, sent):
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope="profile")
    with app.app_context():
        add_member(create_organization("Abacus", slug="abacus"), db.session.get_one(User, alice.id), "owner")
        db.session.commit()
    sent.clear()
    assert notebook.me(tokens["access_token"]).json["organization"]["slug"] == "abacus"
    one, other = sent
    assert "ORDER BY" in other and "ORDER BY" not in one
