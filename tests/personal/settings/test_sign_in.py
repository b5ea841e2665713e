"""``/account/settings/sign-in/``: an authenticator app set up and turned off, and recovery codes."""

import re
from base64 import b32decode

import pytest
from sqlalchemy import delete, select, update

from app.accounts.factors.models import OneTimeCodes, RecoveryCode
from app.accounts.factors.one_time_codes import begin_one_time_codes, find_pending_secret
from app.accounts.models import Session
from app.accounts.notices.models import Notice
from app.accounts.passkeys.models import Passkey
from app.audit.models import AuditEvent
from app.extensions import db
from tests.accounts.passkeys.authenticator import NEW, Authenticator
from tests.accounts.test_fresh import age
from tests.accounts.test_sign_in import is_signed_in
from tests.actors import Browser
from tests.factors import Phone, set_up_phone
from tests.tables import each

PAGE = "/account/settings/sign-in/"


@pytest.fixture
def alices(app, browser, alice) -> Browser:
    browser.enter(alice)
    return browser


def begin(browser: Browser, *, target: str = ""):
    """The page with the picture, and the phone that has read it."""
    page = browser.submit(browser.get(PAGE + target), press="Set up an authenticator app")
    page = browser.follow_once(page)
    return page, phone_of(page)


def phone_of(page) -> Phone:
    """The phone that has read the page with the picture."""
    return Phone(re.search(r"The key: <code>([^<]+)", page.text)[1].replace(" ", ""), [])


def told(app, model=Notice) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(model.kind)))


def codes_of(page) -> list[str]:
    return re.findall(r"<li><code>([\w-]+)</code>", page.text)


def test_an_app_is_set_up_by_its_picture_and_a_code(app, alices, alice):
    page, phone = begin(alices)
    assert "<svg" in page.text and len(b32decode(phone.secret)) == 20, "RFC 4226 asks for 160 bits."
    used = phone.code()
    page = alices.submit(page, code=used)
    assert len(set(codes_of(page))) == 10
    assert "totp_added" in told(app) and "user.second_factor_added" in told(app, AuditEvent)
    with app.app_context():
        assert db.session.scalars(select(Session.shown)).one() == "password totp"
    other = Browser(app)
    page = other.follow_once(other.sign_in(alice.email, alice.password))
    assert page.request.path == "/sign-in/second"
    assert other.submit(page, code=used).status_code == 400, "The code that confirmed it signed somebody in."
    assert other.submit(page, code=phone.code(steps=1)).status_code == 303


def test_none_is_set_up_in_a_session_that_ends_meanwhile(app, alices, monkeypatch):
    """Who sets a new password ends all sessions; a request of one of them that was on its way leaves no way in behind."""
    page, phone = begin(alices)
    monkeypatch.setattr("app.personal.settings.sign_in_views.has_recovery_codes", end_all)
    answer = alices.submit(page, code=phone.code())
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/account/settings/sign-in/app")
    with app.app_context():
        assert db.session.scalars(select(OneTimeCodes.sealed)).one() is None
        assert not db.session.scalars(select(RecoveryCode)).all()


def test_nor_a_passkey(app, alices, monkeypatch):
    page, device = alices.get(NEW), Authenticator()
    monkeypatch.setattr("app.personal.settings.passkeys.views.has_recovery_codes", end_all)
    answer = alices.submit(page, name="Key", credential=device.answer(page))
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next={NEW}")
    with app.app_context():
        assert not db.session.scalars(select(Passkey)).all()


def end_all() -> bool:
    """As another request's end of all sessions, that this one has waited for, is seen by it."""
    db.session.execute(delete(Session))
    return True


def test_a_key_that_is_begun_anew_meanwhile_is_not_confirmed_by_a_code_of_the_other(app, alices, alice, monkeypatch):
    page, phone = begin(alices)

    def find_and_begin_anew(session, user_id, keys):
        found = find_pending_secret(session, user_id, keys)
        begin_one_time_codes(session, user_id, keys[0])
        session.flush()
        return found

    monkeypatch.setattr("app.personal.settings.sign_in_views.find_pending_secret", find_and_begin_anew)
    assert alices.submit(page, code=phone.code()).status_code == 400
    assert other_gets_in(app, alice)


def test_it_counts_only_once_a_code_confirmed_it(app, alices, alice):
    page, phone = begin(alices)
    assert alices.submit(page, code="000000").status_code == 400
    assert other_gets_in(app, alice)
    alices.submit(page, code=phone.code())
    assert not other_gets_in(app, alice)


def other_gets_in(app, person) -> bool:
    other = Browser(app)
    other.sign_in(person.email, person.password)
    return is_signed_in(other)


def test_another_phone_takes_the_place_of_the_first_when_it_is_confirmed(app, alices, alice):
    old = set_up_phone(app, alice)
    page = alices.follow_once(alices.submit(alices.get(PAGE), press="Set up another phone"))
    new = phone_of(page)
    other = Browser(app)
    waiting = other.follow_once(other.sign_in(alice.email, alice.password))
    assert other.submit(waiting, code=new.code()).status_code == 400
    answer = alices.submit(page, code=new.code())
    assert answer.status_code == 303, "Recovery codes that are left stay as they are."
    assert other.submit(waiting, code=old.code(steps=1)).status_code == 400
    assert other.submit(waiting, code=new.code(steps=1)).status_code == 303


def test_the_picture_holds_what_an_app_needs(alices, alice):
    """The key URI that authenticator apps read."""
    import pyotp

    page, phone = begin(alices)
    address = re.search(r'href="(otpauth:[^"]+)"', page.text)[1].replace("&amp;", "&")
    read = pyotp.parse_uri(address)
    assert (read.secret, read.name, read.issuer) == (phone.secret, alice.email, "Reliquary")
    assert 'style="' not in page.text, "The Content-Security-Policy refuses inline styles."


def test_it_is_turned_off_after_a_question(app, alices, alice, bob):
    phone, others = set_up_phone(app, alice), set_up_phone(app, bob)
    page = alices.get(PAGE + "app/remove")
    assert "Your password alone" in page.text
    alices.submit(page, press="Turn it off")
    assert "totp_removed" in told(app) and "user.second_factor_removed" in told(app, AuditEvent)
    assert other_gets_in(app, alice)
    set_up_phone(app, alice)
    other = Browser(app)
    waiting = other.follow_once(other.sign_in(alice.email, alice.password))
    assert other.submit(waiting, code=phone.recovery_codes[0]).status_code == 400, "They went with the last factor."
    theirs = Browser(app)
    waiting = theirs.follow_once(theirs.sign_in(bob.email, bob.password))
    assert theirs.submit(waiting, code=others.recovery_codes[0]).status_code == 303, "Her own alone."


def test_new_recovery_codes_end_those_before(app, alices, alice, bob):
    phone, others = set_up_phone(app, alice), set_up_phone(app, bob)
    assert "10 codes are left" in alices.get(PAGE).text
    page = alices.submit(alices.get(PAGE + "recovery-codes"), press="Make new codes")
    made = codes_of(page)
    assert len(made) == 10 and not set(made) & set(phone.recovery_codes)
    assert "recovery_codes_made" in told(app)
    other = Browser(app)
    waiting = other.follow_once(other.sign_in(alice.email, alice.password))
    assert other.submit(waiting, code=phone.recovery_codes[0]).status_code == 400
    assert other.submit(waiting, code=made[0]).status_code == 303
    assert "recovery_code_used" in told(app)
    assert "9 codes are left" in alices.get(PAGE).text
    theirs = Browser(app)
    waiting = theirs.follow_once(theirs.sign_in(bob.email, bob.password))
    assert theirs.submit(waiting, code=others.recovery_codes[0]).status_code == 303


def test_there_are_none_without_a_second_step(alices):
    assert alices.get(PAGE + "recovery-codes").location == PAGE
    assert "Make new codes" not in alices.get(PAGE).text


def test_it_leads_on_to_where_the_person_was_going(alices):
    page, phone = begin(alices, target="?next=/account/apps/")
    page = alices.submit(page, code=phone.code())
    assert re.search(r'class="button" href="/account/apps/"', page.text)


def test_and_never_elsewhere(alices):
    page, phone = begin(alices, target="?next=https://evil.example/")
    assert "evil.example" not in alices.submit(page, code=phone.code()).text


@each("code", ["", "x", "\x00", "٣" * 6, "9" * 1000])
def test_what_is_no_code_confirms_nothing(app, alices, code):
    page, _phone = begin(alices)
    assert alices.submit(page, code=code).status_code == 400
    with app.app_context():
        assert db.session.scalars(select(OneTimeCodes.sealed)).one() is None


def test_the_key_is_shown_to_a_fresh_sign_in_alone(app, alices):
    begin(alices)
    age(app, minutes=11)
    assert "/sign-in?again=1" in alices.get(PAGE + "app").location


def test_a_key_that_opens_no_more_is_begun_anew(app, alices):
    begin(alices)
    with app.app_context():
        db.session.execute(update(OneTimeCodes).values(pending="broken"))
        db.session.commit()
    assert alices.get(PAGE + "app").location == PAGE
