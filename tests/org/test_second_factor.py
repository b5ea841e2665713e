"""An organization that asks its owners and admins for a second step at sign-in."""

import re

import pytest
from sqlalchemy import select

from app.accounts.factors.one_time_codes import begin_one_time_codes
from app.accounts.models import Organization
from app.audit.models import AuditEvent
from app.extensions import db
from tests.accounts.test_fresh import age
from tests.actors import Browser
from tests.factors import set_up_phone
from tests.org.conftest import signed_in
from tests.personal.settings.test_sign_in import phone_of

PAGE = "/org/oauth/organization/second-factor"


@pytest.fixture
def owner(app, olive) -> Browser:
    """Olive, who has shown her second step."""
    phone, browser = set_up_phone(app, olive), Browser(app)
    page = browser.follow_once(browser.sign_in(olive.email, olive.password))
    browser.submit(page, code=phone.code())
    return browser


@pytest.fixture
def demanded(app, owner) -> None:
    answer = owner.submit(owner.get(PAGE), press="Ask for it")
    assert answer.location == "/org/oauth/members"


def demands(app) -> bool:
    with app.app_context():
        return db.session.scalars(select(Organization.demands_second_factor).where(Organization.slug == "acme")).one()


def test_the_page_says_whom_it_closes_the_dashboard_to(app, owner, bob, alice):
    page = owner.get(PAGE)
    assert "Bob Baker" in page.text and "Alice Archer" not in page.text
    assert not demands(app)
    with app.app_context():
        begin_one_time_codes(db.session(), bob.id, app.extensions["services"].settings.secret_key)
        db.session.commit()
    assert "Bob Baker" in owner.get(PAGE).text, "He has begun, and shown no code."


def test_who_turns_it_on_has_shown_one(app, olive):
    """So that nobody closes the dashboard to themselves."""
    browser = signed_in(app, olive)
    page = browser.get(PAGE)
    assert "Show yours first" in page.text and 'name="sure"' not in page.text


def test_the_dashboard_is_closed_to_an_admin_without_one(app, demanded, admin, bob, alice, notebook):
    for path in ("/org/oauth/", f"/org/oauth/{notebook.client_id}/secrets/new", "/org/oauth/members"):
        page = admin.get(path)
        assert page.status_code == 403 and "asks its owners and admins" in page.text, path
    assert signed_in(app, alice).get("/org/oauth/").status_code == 200, "A member who only looks is not asked."
    assert admin.get("/account/").status_code == 200


def test_an_admin_is_led_through_it_at_the_next_sign_in(app, demanded, bob, notebook):
    browser = Browser(app)
    page = browser.follow_once(browser.sign_in(bob.email, bob.password, next="/org/oauth/"))
    assert (
        page.request.path == "/account/settings/sign-in/" and "its dashboard is closed to you until then" in page.text
    )
    assert re.search(r'href="/org/oauth/">Later', page.text)
    page = browser.follow_once(browser.submit(page, press="Set up an authenticator app"))
    page = browser.submit(page, code=phone_of(page).code())
    assert re.search(r'class="button" href="/org/oauth/"', page.text)
    assert browser.get("/org/oauth/").status_code == 200


def test_an_app_that_waits_is_answered_all_the_same(app, demanded, bob, notebook):
    browser = Browser(app)
    page = browser.follow(browser.get(notebook.authorize_url()))
    page = browser.follow_once(browser.submit(page, email=bob.email, password=bob.password))
    later = re.search(r'href="([^"]+)">Later', page.text)[1].replace("&amp;", "&")
    assert browser.follow(browser.get(later)).request.path == "/oauth/authorize/mementos"


def test_who_signed_in_before_setting_it_up_signs_in_again(app, demanded, admin, bob):
    phone = set_up_phone(app, bob)
    page = admin.get("/org/oauth/")
    assert page.status_code == 403
    again = re.search(r'class="button" href="([^"]+again=1[^"]*)"', page.text)[1].replace("&amp;", "&")
    page = admin.follow_once(admin.submit(admin.get(again), email=bob.email, password=bob.password))
    assert admin.submit(page, code=phone.code()).location == "/org/oauth/"
    assert admin.get("/org/oauth/").status_code == 200


def test_the_only_second_step_of_a_required_admin_stays(app, demanded, bob):
    phone, browser = set_up_phone(app, bob), Browser(app)
    page = browser.follow_once(browser.sign_in(bob.email, bob.password))
    browser.submit(page, code=phone.code())
    page = browser.get("/account/settings/sign-in/app/remove")
    assert "the only one you have" in page.text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    answer = browser.client.post(page.request.path, data={"csrf_token": token}, base_url=browser._base_url)
    assert answer.status_code == 409
    assert "/sign-in/second" in Browser(app).sign_in(bob.email, bob.password).location


def test_it_is_turned_off_again_and_both_are_written_down(app, owner, demanded, admin):
    assert owner.submit(owner.get(PAGE), press="Ask no more").status_code == 303
    assert not demands(app) and admin.get("/org/oauth/").status_code == 200
    with app.app_context():
        kinds = set(db.session.scalars(select(AuditEvent.kind)))
    assert {"organization.second_factor_demanded", "organization.second_factor_not_demanded"} <= kinds
    assert "asked owners and admins for a second step" in owner.get("/org/oauth/audit").text


def test_it_asks_for_a_fresh_sign_in(app, owner):
    age(app, minutes=11)
    assert "/sign-in?again=1" in owner.get(PAGE).location


def test_no_answer_from_a_page_that_showed_something_else(app, owner):
    page = owner.get(PAGE)
    owner.submit(page, press="Ask for it")
    assert owner.submit(page, press="Ask for it").status_code == 409
    assert demands(app)
