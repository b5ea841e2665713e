"""A client that is deleted between two statements of one request is an unknown client, and no error of ours."""

import pytest
from sqlalchemy import func, select

from app.clients.life import delete_client
from app.clients.models import Client
from app.database.access import expect_writes
from app.extensions import db
from app.oauth import pushing
from app.oauth.endpoints import keeping, opening
from app.oauth.endpoints.decision import choose_page
from app.oauth.grants import authorization_code, authorize, client_credentials, redeeming, refresh_token
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.replay import TokenReplay


@pytest.fixture
def delete_before(app, monkeypatch):
    """Let the client be deleted just before a function of a module is called."""

    def delete_before(module, name: str, client) -> None:
        called = getattr(module, name)

        def delete_and_call(*args, **kwargs):
            with app.app_context(), expect_writes():
                delete_client(db.session, db.session.get_one(Client, client.client_id), actor_user_id=None)
                db.session.commit()
            return called(*args, **kwargs)

        monkeypatch.setattr(module, name, delete_and_call)

    return delete_before


@pytest.mark.parametrize("is_known", [False, True])
def test_token_request_is_of_an_unknown_client(notebook, delete_before, is_known):
    if is_known:
        assert notebook.client_credentials().status_code == 200
    delete_before(client_credentials, "add_own_token", notebook)
    gone = notebook.client_credentials()
    unknown = notebook.client_credentials()
    assert (gone.status_code, gone.json) == (401, unknown.json)
    assert gone.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("grant", ["code", "refresh", "repeated"])
def test_a_code_or_token_whose_client_ends_before_it_is_used_is_no_replay(
    app, signed_in, notebook, delete_before, grant, is_known
):
    """Nothing is issued, nobody is told of a theft, and the client is one that is unknown."""
    code = notebook.code(signed_in)
    token = None if grant == "code" else notebook.exchange(code).json["refresh_token"]
    if grant == "repeated":
        notebook.refresh(token)
    if is_known:
        notebook.client_credentials()
    else:
        app.extensions["services"].seen_clients._known.clear()
    decided_by, at_once = {
        "code": ((redeeming, "redeem_authorization_code"), (authorization_code, "redeem_while_seen")),
        "refresh": ((refresh_token, "rotate_refresh_token"), (refresh_token, "rotate_while_seen")),
        "repeated": ((refresh_token, "count_repeat"), (refresh_token, "rotate_while_seen")),
    }[grant]
    delete_before(*(at_once if is_known else decided_by), notebook)
    gone = notebook.exchange(code) if token is None else notebook.refresh(token)
    assert (gone.status_code, gone.json) == (401, notebook.client_credentials().json)
    with app.app_context():
        assert not any(db.session.scalar(select(func.count()).select_from(of)) for of in (AccessToken, TokenReplay))


def test_authorize_request_of_somebody_signed_out(browser, notebook, delete_before):
    delete_before(keeping, "add_unsigned_request", notebook)
    page = notebook.start(browser)
    assert (page.status_code, "We do not know this app" in page.text) == (400, True)


@pytest.mark.parametrize(("kind", "kept_by"), [("notebook", "add_pushed_request"), ("pocket", "add_unsigned_request")])
def test_pushed_request(request, delete_before, kind, kept_by):
    client = request.getfixturevalue(kind)
    delete_before(pushing, kept_by, client)
    gone = client.push()
    assert (gone.status_code, gone.json["error"]) == (401, "invalid_client")


def test_pushed_request_that_is_opened(signed_in, notebook, delete_before):
    delete_before(opening, "bind_pushed_request", notebook)
    page = signed_in.follow(signed_in.get(notebook.pushed_url()))
    assert (page.status_code, "We do not know this app" in page.text) == (400, True)


def test_authorize_request_that_needs_no_screen(signed_in, notebook, delete_before):
    notebook.authorize(signed_in)
    delete_before(authorize, "add_code_while", notebook)
    page = notebook.start(signed_in)
    assert (page.status_code, "We do not know this app" in page.text) == (400, True)


def test_screen_of_a_waiting_request(signed_in, notebook, delete_before):
    delete_before(choose_page, "describe_client", notebook)
    page = notebook.start(signed_in)
    assert (page.status_code, "We do not know this app" in page.text) == (400, True)
