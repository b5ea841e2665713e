"""Optional scopes: the person leaves them out, and the app gets what is left (:rfc:`6749#section-3.3`)."""

import pytest

from app import clock
from app.clients.models import Client
from app.consents.models import Consent
from app.extensions import db
from tests.integrator import Integrator

SCOPE = "memories:read integrations:read"


@pytest.fixture
def choosy(register) -> Integrator:
    """A client that could do without seeing the integrations."""
    return register(optional_scopes=["integrations:read", "integrations:write"])


def consent_page(integrator: Integrator, browser, **changes):
    page = integrator.start(browser, **changes)
    if "/mementos" in page.request.path:
        page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert page.request.path == "/oauth/authorize/consent"
    return page


def decide(integrator: Integrator, browser, scopes, **changes) -> dict:
    page = browser.submit(consent_page(integrator, browser, **changes), press="Authorize", scopes=scopes)
    response = integrator.exchange(integrator.answer(page)["code"])
    assert response.status_code == 200
    return response.json


def test_optional_scopes_are_ticked_and_required_ones_cannot_be_unticked(choosy, signed_in):
    page = consent_page(choosy, signed_in)

    assert 'value="integrations:read" checked' in page.text
    assert 'value="memories:read"' not in page.text
    assert 'value="integrations:write"' not in page.text


def test_app_gets_all_that_stays_ticked(choosy, signed_in):
    assert decide(choosy, signed_in, ["integrations:read"])["scope"] == SCOPE


def test_app_gets_nothing_of_what_is_unticked(app, choosy, signed_in, guarded):
    tokens = decide(choosy, signed_in, [])

    assert tokens["scope"] == "memories:read"
    assert guarded(tokens["access_token"], "integrations:read").status_code == 403
    renewed = choosy.refresh(tokens["refresh_token"]).json
    assert renewed["scope"] == "memories:read"
    assert choosy.refresh(renewed["refresh_token"], scope=SCOPE).json["error"] == "invalid_scope"
    with app.app_context():
        assert db.session.query(Consent).one().scope == "memories:read"


def test_scope_that_was_not_offered_is_not_granted(choosy, signed_in):
    everything = ["integrations:read", "integrations:write", "memories:write", "\x00", "x" * 1000]
    page = consent_page(choosy, signed_in)
    page = signed_in._open(
        page.request.full_path,
        method="POST",
        data={"csrf_token": _csrf_token(page), "action": "authorize", "chooses_scopes": "1", "scopes": everything},
        headers={"Referer": page.request.url},
    )
    assert choosy.exchange(choosy.answer(page)["code"]).json["scope"] == SCOPE


def test_what_was_allowed_before_is_taken_back_by_unticking(choosy, signed_in):
    first = decide(choosy, signed_in, ["integrations:read"])
    second = decide(choosy, signed_in, [], prompt="consent")

    assert second["scope"] == "memories:read"
    assert choosy.refresh(first["refresh_token"]).json["scope"] == "memories:read"


def test_what_is_asked_for_the_first_time_is_ticked_and_new(choosy, signed_in):
    """Nobody has left it out, and an app that asks for more would get nothing of it."""
    choosy.code(signed_in, scope="memories:read")
    page = consent_page(choosy, signed_in, scope=SCOPE)
    assert 'value="integrations:read" checked' in page.text and "<mark>new</mark>" in page.text


def test_returning_person_finds_it_as_they_left_it(choosy, signed_in):
    decide(choosy, signed_in, [])

    page = consent_page(choosy, signed_in, prompt="consent")
    assert 'value="integrations:read" checked' not in page.text
    assert 'value="integrations:read"' in page.text


def silent_scope(integrator: Integrator, browser, **changes) -> str | None:
    """What the app gets without a screen; None when there is one."""
    page = integrator.start(browser, **changes)
    if page.status_code == 200:
        return None
    return integrator.exchange(integrator.answer(page)["code"]).json["scope"]


def test_what_was_left_out_is_not_asked_about_again(choosy, signed_in):
    decide(choosy, signed_in, [])

    assert silent_scope(choosy, signed_in) == "memories:read"
    assert silent_scope(choosy, signed_in, scope="integrations:read") is None
    assert silent_scope(choosy, signed_in, scope=SCOPE + " integrations:write") is None


def test_what_was_left_out_is_asked_about_when_the_app_can_no_longer_do_without(app, choosy, signed_in):
    decide(choosy, signed_in, [])
    with app.app_context():
        db.session.get_one(Client, choosy.client_id).optional_scope = "integrations:write"
        db.session.commit()

    assert silent_scope(choosy, signed_in) is None


def test_what_was_left_out_and_is_allowed_later_is_no_longer_left_out(app, choosy, signed_in):
    decide(choosy, signed_in, [])
    decide(choosy, signed_in, ["integrations:read"], prompt="consent")

    assert silent_scope(choosy, signed_in) == SCOPE
    with app.app_context():
        assert db.session.query(Consent).one().declined_scope == ""


def test_what_was_left_out_is_asked_about_again_after_disconnecting(app, choosy, signed_in):
    decide(choosy, signed_in, [])
    with app.app_context():
        db.session.query(Consent).one().revoked_at = clock.now()
        db.session.commit()

    assert 'value="integrations:read" checked' in consent_page(choosy, signed_in).text


def test_something_must_be_left(choosy, signed_in, app):
    page = consent_page(choosy, signed_in, scope="integrations:read")

    page = signed_in.submit(page, press="Authorize", scopes=[])

    assert page.status_code == 422
    assert "Leave at least one thing ticked" in page.text
    with app.app_context():
        assert db.session.query(Consent).count() == 0
    assert signed_in.submit(page, press="Authorize", scopes=["integrations:read"]).status_code == 303


def test_app_without_optional_scopes_offers_no_ticks(notebook, signed_in):
    page = consent_page(notebook, signed_in)

    assert "chooses_scopes" not in page.text
    assert 'name="scopes"' not in page.text


def _csrf_token(page) -> str:
    return page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
