"""Coming in and going: an account from its letter to its end, and all the ways of proving who one is."""

import re

from sqlalchemy import update

from app.accounts.models import User
from app.accounts.resetting.links import make_reset_link
from app.extensions import db
from tests.accounts.passkeys.authenticator import Authenticator, add_passkey
from tests.factors import Phone
from tests.personal.conftest import post
from tests.robustness.statements.journeys import journey


@journey("accounts.sign_up GET", "accounts.sign_up POST", "accounts.sign_in GET", "accounts.sign_in POST",
         "accounts.show_letter GET", "accounts.send_letter_again POST", "accounts.confirm GET", "accounts.confirm POST",
         "accounts.sign_out POST", "accounts.home GET", "accounts.sign_up_by_letter GET",
         "accounts.sign_up_by_letter POST")  # fmt: skip
def test_signing_up_out_and_in(browser, failing):
    account = {"email": "dora@example.com", "name": "Dora", "password": "correct horse battery"}
    page = browser.get("/sign-up")
    page = browser.follow(browser.submit(page, **account, organization_name="Dora's"))
    assert browser.submit(page, press="Send the letter again").status_code == 303
    page = browser.get(browser.find_letter(account["email"]).link("/sign-up/confirm/"))
    assert browser.submit(page, press="Finish and sign in").status_code == 303
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    assert browser.submit(browser.get("/sign-in"), email=account["email"], password="wrong").status_code == 400
    assert (
        browser.submit(browser.get("/sign-in"), email=account["email"], password=account["password"]).status_code == 303
    )
    assert "Welcome" in browser.get("/").text
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    other = account | {"email": "dorn@example.com"}
    browser.follow(browser.submit(browser.get("/sign-up"), **other))
    page = browser.get(browser.find_letter(other["email"]).link("/sign-up/confirm/") + "/own")
    assert browser.submit(page, name="Dorn", password="seven herons over a lake").status_code == 303


@journey("personal.ask_about_deletion GET", "personal.delete_account POST", "leaving.ask_to_come_back GET",
         "leaving.keep_account POST", "personal.show_export GET", "personal.take_account_along POST")  # fmt: skip
def test_leaving_and_coming_back(browser, alice, failing):
    browser.enter(alice)
    page = browser.get("/account/settings/export/")
    assert browser.submit(page, press="Take everything along").status_code == 200
    page = browser.get("/account/settings/delete/")
    assert browser.submit(page, press="Delete my account", email=alice.email).status_code == 200
    page = browser.follow(browser.sign_in(alice.email, alice.password, next="/account/"))
    assert browser.submit(page, press="Keep my account and sign in").location == "/account/"


@journey("personal.new_passkey GET", "personal.new_passkey POST", "personal.show_passkey GET", "personal.show_passkey POST",
         "personal.drop_passkey GET", "personal.drop_passkey POST", "personal.sign_in_settings GET",
         "accounts.sign_in_with_passkey POST", "accounts.second_by_passkey POST")  # fmt: skip
def test_a_passkey_from_its_making_to_its_end(browser, alice, failing):
    device = Authenticator()
    browser.enter(alice)
    path = f"/account/settings/sign-in/passkeys/{add_passkey(browser, device)}"
    assert browser.submit(browser.get(path), name="Blue key").status_code == 303
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.get("/sign-in?next=/account/")
    assert browser.submit(page, credential=device.answer(page)).location == "/account/"
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.follow_once(browser.sign_in(alice.email, alice.password, next="/account/"))
    assert browser.submit(page, credential=device.answer(page)).location == "/account/"
    # A counter that goes back is noted, and the person told.
    page = browser.get("/sign-in?again=1")
    assert browser.submit(page, credential=device.answer(page, count=0)).location == "/sign-in?again=1"
    assert browser.submit(browser.get(f"{path}/remove"), press="Remove it").status_code == 303


@journey(*(f"personal.{name}" for name in (
    "settings GET", "settings POST", "sign_out_everywhere POST", "time_zone GET", "choose_time_zone POST", "password GET",
    "password POST", "email GET", "email POST", "forget_email POST", "ask_to_confirm_email GET", "confirm_email POST",
)), "addresses.ask_to_take_back GET", "addresses.take_back POST")  # fmt: skip
def test_the_profile_and_the_address(browser, alice, failing, sent_mail):
    browser.enter(alice)
    root = "/account/settings/"
    assert browser.submit(browser.get(root), name="Alice Arrow").status_code == 303
    assert post(browser, root + "time-zone/", {"time_zone": "Europe/Lisbon"}).status_code == 303
    assert browser.get(root + "time-zone/?q=lisbon").status_code == 200
    password = browser.get(root + "password/")
    assert browser.submit(password, old=alice.password, new="seven herons over a lake").status_code == 303
    assert browser.submit(browser.get(root + "email/"), email="alice@third.example").status_code == 303
    assert browser.submit(browser.get(root + "email/"), action=root + "email/forget").status_code == 303
    assert browser.submit(browser.get(root + "email/"), email="alice@home.example").status_code == 303
    link = next(letter.link(root) for letter in sent_mail() if letter.kind == "address_change")
    assert browser.submit(browser.get(link), action=link).status_code == 303
    assert browser.submit(browser.get(root), action=root + "sign-out-everywhere").status_code == 303
    back = next(letter.link("/take-back") for letter in sent_mail() if letter.kind == "address_changed")
    assert browser.submit(browser.get(back), action=back).status_code == 303


@journey("accounts.forgotten_password GET", "accounts.forgotten_password POST", "accounts.password_link_asked GET",
         "accounts.follow_reset_link GET", "accounts.set_new_password GET", "accounts.set_new_password POST",
         "personal.look_back GET", "personal.keep_looked_at POST")  # fmt: skip
def test_a_forgotten_password(app, browser, alice, notebook, request):
    browser.enter(alice)
    notebook.tokens(browser)
    with app.app_context():
        link = make_reset_link(db.session(), db.session.get_one(User, alice.id), by_mail=True)
        db.session.commit()
    request.getfixturevalue("failing")
    asked = browser.submit(browser.get("/forgotten-password"), email=alice.email)
    assert browser.follow(asked).status_code == 200
    answer = browser.submit(browser.follow(browser.get(link)), password="seven herons by the lock")
    page = browser.follow(answer)
    assert "stays connected" in browser.follow(browser.submit(page, press="Keep Acme Notebook")).text


@journey("personal.start_one_time_codes POST", "personal.set_up_one_time_codes GET", "personal.set_up_one_time_codes POST",
         "personal.turn_off_one_time_codes GET", "personal.turn_off_one_time_codes POST",
         "personal.make_new_recovery_codes GET", "personal.make_new_recovery_codes POST", "accounts.second_step GET",
         "accounts.second_step POST")  # fmt: skip
def test_an_authenticator_app_from_its_picture_to_its_end(browser, alice, failing):
    browser.enter(alice)
    path = "/account/settings/sign-in/"
    page = browser.follow_once(browser.submit(browser.get(path), press="Set up an authenticator app"))
    phone = Phone(re.search(r"The key: <code>([^<]+)", page.text)[1].replace(" ", ""), [])
    used = phone.code()
    assert "not shown again" in browser.submit(page, code=used).text
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.follow_once(browser.sign_in(alice.email, alice.password))
    # Half a minute later the phone shows another, which is good.
    assert browser.submit(page, code=used).status_code == 400
    assert browser.submit(page, code=phone.code(steps=1)).status_code == 303
    page = browser.submit(browser.get(f"{path}recovery-codes"), press="Make new codes")
    code = re.search(r"<li><code>([\w-]+)", page.text)[1]
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.follow_once(browser.sign_in(alice.email, alice.password))
    assert browser.submit(page, code=code).status_code == 303
    assert browser.submit(browser.get(f"{path}app/remove"), press="Turn it off").status_code == 303


@journey("personal.send_confirmation POST", "personal.confirm_own_address GET", "personal.confirm_own_address POST")
def test_confirming_ones_address(app, browser, alice, failing):
    with app.app_context():
        db.session.execute(update(User).values(email_verified_at=None))
        db.session.commit()
    browser.enter(alice)
    assert browser.submit(browser.get("/account/"), press="Send me a letter to confirm it").status_code == 303
    page = browser.get(browser.find_letter(alice.email).link("/account/confirm-address/"))
    assert browser.submit(page, press="Confirm the address").status_code == 303
