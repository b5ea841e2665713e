"""Signing in with a passkey, and the pages where a person makes, names and removes them."""

import json
import re

import pytest
from msgspec import structs
from sqlalchemy import select, update

from app import clock as clock_module
from app import create_app
from app.accounts.factors.models import RecoveryCode
from app.accounts.models import Organization, Session, User
from app.accounts.notices.models import Notice
from app.accounts.passkeys.models import Passkey
from app.audit.models import AuditEvent
from app.extensions import db
from tests.accounts.passkeys.authenticator import NEW, PRESENT, Authenticator, add_passkey, read_options
from tests.actors import Browser, find_forms
from tests.factors import set_up_phone
from tests.migrated import bring_up_to_date
from tests.tables import each

SIGN_IN = "/sign-in?next=/account/sessions/"


@pytest.fixture
def passkey(signed_in, device) -> str:
    return add_passkey(signed_in, device)


@pytest.fixture
def visitor(app) -> Browser:
    return Browser(app)


def sign_in(browser: Browser, device: Authenticator, path: str = SIGN_IN, **wrong):
    page = browser.get(path)
    return browser.submit(page, credential=device.answer(page, **wrong))


def kept(app, column) -> list:
    with app.app_context():
        return list(db.session.scalars(select(column)))


# -- signing in ----------------------------------------------------------------------------------


def test_a_passkey_signs_in_without_a_password_and_leads_to_next(app, visitor, passkey, device, alice):
    answer = sign_in(visitor, device)
    assert (answer.status_code, answer.location) == (303, "/account/sessions/")
    assert alice.name in visitor.get("/account/sessions/").text
    assert sorted(kept(app, Session.shown)) == ["passkey", "passkey password"]


def test_the_address_field_lets_the_browser_offer_passkeys(visitor):
    page = visitor.get("/sign-in")
    assert 'autocomplete="username webauthn"' in page.text
    assert "webauthn" not in visitor.get("/sign-up").text
    options = read_options(page)
    assert options["allowCredentials"] == [] and options["userVerification"] == "required"


@each(
    ("wrong", "said"),
    [
        ({"origin": "https://localhost:8000"}, "could not be checked"),
        ({"flags": PRESENT}, "did not check that it is you"),
        ({"count": 0}, "its counter went back"),
        ({"challenge": "AAAA"}, "took too long"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_on_the_sign_in_page(visitor, passkey, device, wrong, said):
    answer = sign_in(visitor, device, **wrong)
    assert answer.location == "/sign-in?next=/account/sessions/"
    page = visitor.follow(answer)
    assert said in page.text and "<title>Error: " in page.text
    assert "Sign out" not in visitor.get("/").text


def test_a_counter_that_went_back_is_told(app, visitor, passkey, device, alice):
    sign_in(visitor, device, count=0)
    assert kept(app, Notice.kind) == ["passkey_added", "passkey_refused"]
    assert "user.passkey_refused" in kept(app, AuditEvent.kind)
    assert not any(kept(app, AuditEvent.details)), "What lasts for ever has no name that a person gave."
    assert sign_in(visitor, device).location == "/account/sessions/"


def test_an_answer_that_was_overheard_does_nothing(visitor, passkey, device):
    page = visitor.get(SIGN_IN)
    answer = device.answer(page)
    assert visitor.submit(page, credential=answer).location == "/account/sessions/"
    visitor.sign_out()
    again = visitor.submit(visitor.get(SIGN_IN), credential=answer)
    assert "took too long, or was done before" in visitor.follow(again).text


def test_a_whole_request_that_was_overheard_does_nothing(app, visitor, alice):
    """With its cookie, too: all that is signed in it would count again."""
    device, thief = Authenticator(count=None), Browser(app)
    visitor.enter(alice)
    add_passkey(visitor, device)
    visitor.sign_out()
    page = visitor.get(SIGN_IN)
    cookie = visitor.client.get_cookie("reliquary", domain="127.0.0.1")
    thief.client.set_cookie("reliquary", cookie.value, domain="127.0.0.1")
    answer = device.answer(page)
    assert visitor.submit(page, credential=answer).location == "/account/sessions/"
    assert thief.submit(page, credential=answer).location.startswith("/sign-in")
    assert "done before" in thief.get("/sign-in").text


def test_an_answer_of_another_browser_does_nothing(app, visitor, passkey, device):
    other = Browser(app)
    answer = device.answer(other.get(SIGN_IN))
    assert "/sign-in" in visitor.submit(visitor.get(SIGN_IN), credential=answer).location


def test_without_the_token_against_forgery_nobody_is_signed_in(app, visitor, passkey, device):
    page = visitor.get(SIGN_IN)
    answer = visitor.client.post(
        "/sign-in/passkey", data={"credential": device.answer(page)}, base_url="http://127.0.0.1:8000"
    )
    assert answer.status_code == 400 and "open for too long" in answer.text
    assert len(kept(app, Session.id)) == 1


def test_who_signed_in_in_another_tab_is_in_for_this_one_too(visitor, passkey, device, alice):
    page = visitor.get(SIGN_IN)
    visitor.enter(alice)
    answer = visitor.submit(page, credential=device.answer(page))
    assert visitor.follow(answer).request.path == "/account/sessions/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_it_leads_to_a_path_of_ours_alone(visitor, passkey, device, target):
    assert sign_in(visitor, device, f"/sign-in?next={target}").location == "/"


def test_who_is_to_show_it_again_shows_one_of_theirs(app, visitor, passkey, device, alice, bob):
    other = Browser(app)
    other.enter(bob)
    of_bob = Authenticator()
    add_passkey(other, of_bob)
    again = "/sign-in?again=1&next=/account/"
    visitor.enter(alice)
    assert len(read_options(visitor.get(again))["allowCredentials"]) == 1
    refused = sign_in(visitor, of_bob, again, credential=of_bob.credentials[0])
    assert refused.location == "/sign-in?next=/account/&again=1"
    assert "belongs to another account" in visitor.follow(refused).text
    assert sign_in(visitor, device, again).location == "/account/"


def test_a_passkey_is_a_fresh_sign_in(visitor, passkey, device, clock, alice):
    visitor.enter(alice)
    clock.advance(minutes=11)
    asked = visitor.get(NEW)
    assert asked.location.startswith("/sign-in?again=1")
    answer = sign_in(visitor, device, asked.location)
    assert answer.location == NEW
    assert visitor.get(NEW).status_code == 200


def test_an_account_that_is_switched_off_is_opened_by_none(app, visitor, passkey, device, alice):
    with app.app_context():
        db.session.execute(update(User).where(User.id == alice.id).values(disabled_at=clock_module.now()))
        db.session.commit()
    visitor.follow(sign_in(visitor, device))
    assert "Sign out" not in visitor.get("/").text


@each("bad", ["", "null", "[]", "{", "\x00", "x" * 100_000, '{"response": {}}', "\ud800"])
def test_bad_input_is_a_sentence(visitor, bad):
    page = visitor.get(SIGN_IN)
    data = {"csrf_token": dict(find_forms(page.text)[0].values)["csrf_token"]}
    data["credential"] = bad.encode("utf-8", "surrogatepass")
    answer = visitor.client.post("/sign-in/passkey", data=data, base_url="http://127.0.0.1:8000")
    assert answer.status_code == 303
    assert "no passkey" in visitor.get("/sign-in").text


def test_the_host_header_says_nothing(app, alice, device):
    browser = Browser(app, host="evil.example")
    browser.enter(alice)
    assert read_options(browser.get(NEW))["rp"]["id"] == "localhost"
    assert 'data-origin="http://localhost:8000"' in browser.get(NEW).text


# -- the pages -----------------------------------------------------------------------------------


def test_a_passkey_is_made_named_and_removed(app, signed_in, device, alice):
    passkey_id = add_passkey(signed_in, device, "My telephone")
    path = f"/account/settings/sign-in/passkeys/{passkey_id}"
    page = signed_in.follow(signed_in.submit(signed_in.get(path), action=None, name="  Blue   key "))
    assert "Blue key" in page.text and "never used" in page.text
    assert "Blue key" in signed_in.get(f"{path}/remove").text
    page = signed_in.follow(signed_in.submit(signed_in.get(f"{path}/remove"), press="Remove it"))
    assert "Blue key" not in page.text
    assert sorted(kept(app, Notice.kind)) == ["passkey_added", "passkey_removed"]
    assert kept(app, AuditEvent.kind)[-2:] == ["user.passkey_added", "user.passkey_removed"]
    assert not any(kept(app, AuditEvent.details)), "What lasts for ever has no name that a person gave."
    visitor = Browser(app)
    assert "does not belong to an account" in visitor.follow(sign_in(visitor, device)).text


def test_with_the_first_one_come_recovery_codes_and_with_the_last_one_they_go(app, signed_in, alice):
    page = signed_in.get(NEW)
    made = signed_in.submit(page, name="First", credential=Authenticator().answer(page))
    assert made.text.count("<li><code>") == 10
    page = signed_in.get(NEW)
    assert signed_in.submit(page, name="Second", credential=Authenticator().answer(page)).status_code == 303
    first, second = re.findall(r'href="(/account/.*/psk_\w+)">', signed_in.get("/account/settings/sign-in/").text)
    assert "alone will open" not in signed_in.get(f"{first}/remove").text
    signed_in.submit(signed_in.get(f"{first}/remove"), press="Remove it")
    assert len(kept(app, RecoveryCode.digest)) == 10
    page = signed_in.get(f"{second}/remove")
    assert "Your password alone will open your account then" in page.text
    signed_in.submit(page, press="Remove it")
    assert kept(app, RecoveryCode.digest) == [] and kept(app, Passkey.id) == []


def test_the_last_factor_of_an_admin_who_must_have_one_cannot_go(app, bob, browser):
    browser.enter(bob)
    path = f"/account/settings/sign-in/passkeys/{add_passkey(browser)}/remove"
    page = browser.get(path)
    with app.app_context():
        db.session.execute(update(Organization).values(demands_second_factor=True))
        db.session.commit()
    answer = browser.submit(page, press="Remove it")
    assert answer.status_code == 409 and "asks its admins for a second step" in answer.text
    assert "Remove it" not in browser.get(path).text and len(kept(app, Passkey.id)) == 1
    set_up_phone(app, bob)
    assert browser.submit(browser.get(path), press="Remove it").status_code == 303


@each("name", ["", " ", "x" * 101, "a\x00b", "a\u202eb"])
def test_a_name_is_one_line_that_can_be_read(signed_in, device, name):
    page = signed_in.get(NEW)
    assert signed_in.submit(page, name=name, credential=device.answer(page)).status_code == 400


def test_the_name_that_is_proposed_is_that_of_the_browser(signed_in):
    page = signed_in.get(NEW, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"})
    assert "Firefox on Linux" in page.text


def test_what_is_wrong_with_a_new_one_is_said_on_its_page(signed_in, device, passkey):
    page = signed_in.get(NEW)
    refused = signed_in.submit(page, name="Other", credential=device.answer(page, origin="http://127.0.0.1:8000"))
    assert refused.status_code == 400 and "could not be read" in refused.text
    assert signed_in.submit(page, name="Other", credential="").status_code == 400


def test_the_page_says_where_passkeys_are_on_this_machine(signed_in):
    page = signed_in.get("/account/settings/sign-in/").text
    assert 'href="http://localhost:8000/account/settings/sign-in/"' in page


def test_a_full_account_says_so_before_a_device_is_asked(app, signed_in, alice):
    with app.app_context():
        for number in range(20):
            told = {
                "rp_id": "localhost",
                "public_key": b"x",
                "sign_count": 0,
                "name": f"Key {number}",
                "transports": [],
            }
            told |= {"digest": f"{number:064x}", "credential_id": bytes([number]), "backup_eligible": False}
            db.session.add(Passkey(user_id=alice.id, backed_up=False, **told))
        db.session.commit()
    page = signed_in.get(NEW)
    assert page.status_code == 200 and "You have 20 passkeys" in page.text and "data-passkey" not in page.text


@pytest.fixture
def numbered(settings, tmp_path, apps_in_use):
    """A server that the world reaches by a number."""
    url = f"sqlite:///{tmp_path / 'numbered.sqlite3'}"
    app = create_app(structs.replace(settings, database_url=url, issuer="https://192.0.2.1"))
    app.testing = True
    app.extensions["services"].notes.have_threads = False
    bring_up_to_date(app)
    return app


def test_a_server_that_is_reached_by_a_number_says_why_there_are_none(numbered):
    from tests.conftest import _register

    person = _register(numbered, "Dora Dorn", "dora@example.com", "Dorn", "member")
    browser = Browser(numbered)
    assert "passkey" not in browser.get("/sign-in").text
    browser.enter(person)
    for path in ("/account/settings/sign-in/", NEW):
        page = browser.get(path)
        assert page.status_code == 200 and "in numbers" in page.text and "data-passkey" not in page.text
    token = dict(find_forms(browser.get(NEW).text)[0].values)["csrf_token"]
    sent = {"Referer": "https://192.0.2.1/", "Origin": "https://192.0.2.1"}
    data = {"csrf_token": token, "name": "Key", "credential": json.dumps({"rawId": "AAAA", "response": {}})}
    assert browser.client.post(NEW, data=data, headers=sent, base_url="https://192.0.2.1").status_code == 400
