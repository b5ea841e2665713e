"""SQLite stays locked for longer than we wait: a clean failure, and then it is forgotten."""

import logging

import pytest

from app import fast
from app.extensions import db
from app.http import application
from tests.robustness.locking import locked


@pytest.fixture
def impatient(app, monkeypatch):
    """The seconds for which a request waits at either door are too long for a test."""
    if not app.extensions["services"].settings.database_url.startswith("sqlite"):
        pytest.skip("only SQLite is locked as a whole")
    for door in (application, fast):
        monkeypatch.setattr(door, "REQUEST_SECONDS", 0.1)
    with app.app_context():
        db.engine.dispose()
    yield
    with app.app_context():
        db.engine.dispose()


def test_programs_are_told_and_can_try_again(notebook, browser, alice, impatient, app):
    browser.enter(alice)
    tokens = notebook.tokens(browser)
    with locked(app):
        for answer in (notebook.refresh(tokens["refresh_token"]), notebook.client_credentials()):
            assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_people_are_told_and_can_try_again(notebook, browser, alice, impatient, app, caplog):
    caplog.set_level(logging.DEBUG)
    browser.enter(alice)
    page = notebook.start(browser)
    with locked(app):
        answer = browser.submit(page, press="Continue", selection="all")
        assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert browser.submit(page, press="Continue", selection="all").status_code == 303
    assert page.request.args["request"] not in caplog.text


def test_an_app_that_is_told_is_one_line_of_the_log(notebook, browser, alice, impatient, app, caplog):
    browser.enter(alice)
    token = notebook.tokens(browser, scope="memories:write")["access_token"]
    caplog.set_level(logging.INFO)
    caplog.clear()
    with locked(app):
        sent = {"json": {"title": "Bread", "text": "Flour."}, "headers": {"Authorization": f"Bearer {token}"}}
        assert app.test_client().post("/api/v1/memories/", **sent).status_code == 503
    told = [record.getMessage() for record in caplog.records if "/api/v1/memories/" in record.getMessage()]
    assert len(told) == 1, told
    assert told[0].startswith("Database locked at POST /api/v1/memories/: ")
