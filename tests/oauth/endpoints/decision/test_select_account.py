"""``prompt=select_account`` (OpenID Connect Core 3.1.2.1): who is signed in is shown first, with a way to another."""

import pytest
from sqlalchemy import func, select

from app.consents.models import Consent
from app.extensions import db
from tests.actors import find_form
from tests.tables import each

ACCOUNT = "/oauth/authorize/account"


@pytest.fixture
def page(notebook, signed_in, alice):
    page = notebook.start(signed_in, prompt="select_account")
    assert page.request.path == ACCOUNT
    return page


def test_it_comes_before_anything_else(page, alice):
    assert f"Go on as <bdi>{alice.name}</bdi>" in page.text and alice.email in page.text
    assert "Acme Notebook" in page.text and "notebook.acme.example" in page.text


def test_it_comes_also_when_a_live_consent_covers_the_request(notebook, signed_in, alice):
    notebook.authorize(signed_in)
    page = notebook.start(signed_in, prompt="select_account")
    assert page.request.path == ACCOUNT
    # And with that all is said: no further screen.
    answer = signed_in.follow(signed_in.submit(page, press=f"Go on as {alice.name}"))
    assert "code" in notebook.answer(answer)


def test_who_goes_on_chooses_and_confirms_as_always(notebook, page, signed_in, alice):
    page = signed_in.follow(signed_in.submit(page, press=f"Go on as {alice.name}"))
    assert page.request.path == "/oauth/authorize/mementos"
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


def test_somebody_else_can_answer(notebook, page, signed_in, carol):
    page = signed_in.follow(signed_in.submit(page, press="Not you? Switch account"))
    assert page.request.path == "/sign-in"
    page = signed_in.follow(signed_in.submit(page, email=carol.email, password=carol.password))
    # Whoever has just signed in has chosen an account.
    assert page.request.path == "/oauth/authorize/mementos"
    assert carol.email in page.text


def test_cancel_is_access_denied(notebook, page, signed_in):
    assert notebook.answer(signed_in.submit(page, press="Cancel"))["error"] == "access_denied"


@each("step", ["continue", "mementos", "consent"])
def test_no_screen_comes_before_it(page, signed_in, step):
    answer = signed_in.get(page.request.full_path.replace("/account", f"/{step}"))
    assert answer.location.startswith(f"{ACCOUNT}?request=")


def test_who_is_not_signed_in_chooses_by_signing_in(notebook, browser, alice):
    page = notebook.start(browser, prompt="select_account")
    assert page.request.path == "/sign-in"
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


@pytest.mark.parametrize("prompt", ["consent select_account", "select_account consent"])
def test_with_consent_both_are_asked(notebook, signed_in, alice, prompt):
    notebook.authorize(signed_in)
    page = notebook.start(signed_in, prompt=prompt)
    assert page.request.path == ACCOUNT
    page = signed_in.follow(signed_in.submit(page, press=f"Go on as {alice.name}"))
    assert page.request.path == "/oauth/authorize/consent"


@each("prompt", ["login select_account", "select_account login", "login select_account consent"])
def test_with_login_the_sign_in_is_the_choice(notebook, signed_in, alice, prompt):
    page = notebook.start(signed_in, prompt=prompt)
    assert page.request.path == "/sign-in"
    page = signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


@each("prompt", ["none", "create", "select_account none", "select_account,consent", "SELECT_ACCOUNT"])
def test_a_prompt_that_is_none_is_refused(notebook, signed_in, prompt):
    answer = notebook.answer(notebook.start(signed_in, prompt=prompt))
    assert answer["error"] == "invalid_request" and "select_account" in answer["error_description"]


def test_an_account_that_was_not_shown_does_not_go_on(app, page, signed_in, carol):
    """She switched in another tab; this page still names Alice."""
    account = dict(find_form(page, press="Cancel").values)["account"]
    other = signed_in.follow(signed_in.submit(page, press="Not you? Switch account"))
    other = signed_in.follow(signed_in.submit(other, email=carol.email, password=carol.password))
    token = dict(find_form(other, press="Cancel").values)["csrf_token"]
    sent = {"csrf_token": token, "action": "continue", "account": account}
    again = signed_in.client.post(page.request.full_path, data=sent, base_url="http://127.0.0.1:8000")
    assert again.status_code == 422 and carol.email in again.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Consent)) == 0


@each("action", [["continue", "cancel"], "next", None])
def test_an_unclear_choice_is_none(page, signed_in, action):
    sent = dict(find_form(page, press="Cancel").values)
    sent = sent | ({} if action is None else {"action": action})
    again = signed_in.client.post(page.request.full_path, data=sent, base_url="http://127.0.0.1:8000")
    assert (again.status_code, again.location) == (422, None)


def test_the_choice_is_for_this_request_alone(notebook, page, signed_in, alice):
    signed_in.submit(page, press=f"Go on as {alice.name}")
    assert notebook.start(signed_in, prompt="select_account").request.path == ACCOUNT
