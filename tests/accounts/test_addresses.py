"""Another e-mail address: confirmed by its mailbox, told to the old one, and taken back by it for a week."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.accounts.addresses.models import AddressChange
from app.accounts.factors.models import OneTimeCodes, RecoveryCode
from app.accounts.models import Session, User
from app.accounts.notices.models import Notice
from app.accounts.passkeys.models import Passkey
from app.audit.models import AuditEvent
from app.credentials import digest
from app.extensions import db
from app.limits.table import LETTERS_TO_NEW_ADDRESS
from tests.accounts.resetting.asking import ask as ask_for_reset
from tests.accounts.resetting.asking import choose as choose_password
from tests.actors import Browser, Person
from tests.personal.conftest import post
from tests.tables import each

_PATH = "/account/settings/email/"
_NEW = "alice@home.example"


@pytest.fixture
def sent_mail(sent_mail):
    """What went out about addresses: notices have their own tests."""
    return lambda: [letter for letter in sent_mail() if letter.kind.startswith("address_")]


@pytest.fixture
def in_database(app):
    def ask(question):
        with app.app_context():
            return question(db.session)

    return ask


@pytest.fixture
def email_of(in_database):
    return lambda person: in_database(lambda session: session.get(User, person.id).email)


def ask(browser: Browser, email: str = _NEW):
    return browser.submit(browser.get(_PATH), email=email)


def confirm(browser: Browser, link: str):
    return browser.submit(browser.get(link), press="Use this address")


@pytest.fixture
def change(signed_in, sent_mail):
    """Change the address; returns the letter that the old one gets."""

    def change(browser: Browser = signed_in, email: str = _NEW):
        ask(browser, email)
        link = sent_mail()[0].link("/account/settings/email/confirm/")
        assert confirm(browser, link).status_code == 303
        return next(letter for letter in sent_mail() if letter.kind == "address_changed")

    return change


def take_back(browser: Browser, letter):
    return browser.submit(browser.get(letter.link("/take-back-address/")), press="Take it back")


def test_the_new_address_is_asked_and_then_it_is_the_one(app, signed_in, alice, sent_mail, email_of):
    page = signed_in.follow(ask(signed_in, " Alice@HOME.example "))
    assert "A letter is on its way to" in page.text and "Waiting for your new address" in page.text
    (letter,) = sent_mail()
    assert (letter.to, email_of(alice)) == (_NEW, alice.email)
    link = letter.link("/account/settings/email/confirm/")
    assert signed_in.get(link).status_code == 200 and email_of(alice) == alice.email, "To open it changes nothing."
    page = signed_in.follow(confirm(signed_in, link))
    assert "Your address is" in page.text and email_of(alice) == _NEW
    assert Browser(app).sign_in(_NEW, alice.password).status_code == 303
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 400
    assert signed_in.get(link).status_code == 404, "It works once."


def _change_password(app, browser: Browser, person: Person) -> None:
    page = browser.get("/account/settings/password/")
    assert browser.submit(page, old=person.password, new="seven herons by the lock").status_code == 303


def _reset_password(app, browser: Browser, person: Person) -> None:
    stranger = Browser(app)
    assert ask_for_reset(stranger, person.email).status_code == 303
    link = stranger.find_letter(person.email).link("/reset-password/")
    assert choose_password(stranger, link).status_code == 303


@pytest.mark.parametrize("get_back", [_change_password, _reset_password])
def test_a_change_that_waits_is_over_with_a_new_password(app, signed_in, alice, sent_mail, email_of, get_back):
    """Whoever gets the account back does not find that somebody's address becomes theirs."""
    ask(signed_in)
    (letter,) = sent_mail()
    get_back(app, signed_in, alice)
    again = Browser(app)
    assert again.sign_in(alice.email, "seven herons by the lock").status_code == 303
    assert again.get(letter.link("/account/settings/email/confirm/")).status_code == 404
    assert email_of(alice) == alice.email


def test_a_stranger_gets_no_words_of_whoever_types_their_address(signed_in, alice, sent_mail, in_database):
    """Else a name would be advertising in a letter of ours."""
    post(signed_in, "/account/settings/", {"name": "You won! Go to evil.example"})
    assert "evil.example" in in_database(lambda session: session.get(User, alice.id).name)
    ask(signed_in)
    (letter,) = sent_mail()
    assert "evil.example" not in letter.text + letter.html + letter.subject


def test_apps_and_codes_see_it_at_the_next_call(signed_in, notebook, change):
    notebook = replace(notebook, scope="memories:read profile")
    tokens = notebook.tokens(signed_in, choose={"selection": "none"})
    code = notebook.code(signed_in)
    change()
    assert notebook.me(tokens["access_token"]).json["email"] == _NEW
    assert notebook.me(notebook.exchange(code).json["access_token"]).json["email"] == _NEW


def test_it_is_confirmed_told_and_in_the_audit_log(alice, change, in_database):
    change()
    assert in_database(lambda session: session.get(User, alice.id).email_verified_at)
    kinds = in_database(lambda session: list(session.scalars(select(AuditEvent.kind).order_by(AuditEvent.occurred_at))))
    assert kinds[-2:] == ["user.address_asked", "user.address_changed"]
    details = in_database(
        lambda session: [one for one in session.scalars(select(AuditEvent.details)) if "@" in str(one)]
    )
    assert not details, "What lasts for ever names no address."
    assert in_database(lambda session: list(session.scalars(select(Notice.kind)))) == ["email_changed"]


def test_whether_an_address_has_an_account_only_its_mailbox_learns(signed_in, bob, sent_mail, in_database):
    pages = [signed_in.follow(ask(signed_in, email)) for email in (bob.email, "who@acme.example")]
    texts = [re.sub(r"bob@|who@", "x@", re.sub(r'value="[^"]{60,}"', "", page.text)) for page in pages]
    assert texts[0] == texts[1]
    # The second one has taken the place of the first.
    assert [letter.to for letter in sent_mail()] == ["who@acme.example"]
    ask(signed_in, bob.email)
    (letter,) = sent_mail()
    assert letter.to == bob.email and "It has an account already" in letter.text
    assert not any("confirm" in link for link in letter.links)
    assert in_database(lambda session: session.scalars(select(AddressChange.digest)).one()) is None


@pytest.mark.parametrize("is_known", [True, False])
def test_nor_does_how_long_it_waits_tell_that(app, signed_in, alice, bob, sent_mail, monkeypatch, is_known):
    ask(signed_in, bob.email if is_known else "who@acme.example")
    sent_mail()
    asked = clock.now()
    for hours, waits in ((23, True), (25, False)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: asked + timedelta(hours=hours))
        later = Browser(app)
        later.enter(alice)
        assert ("Waiting for your new address" in later.get(_PATH).text) is waits


@each(
    "email",
    [
        "",
        "nobody",
        "a@",
        "x@acme.example\r\nBcc: y@acme.example",
        "a\x00b@acme.example",
        "x" * 300 + "@acme.example",
        "alice@acme.example",
        "ALICE@acme.example",
    ],
)
def test_what_is_no_other_address_is_refused_beside_the_field(signed_in, sent_mail, email):
    page = ask(signed_in, email)
    assert page.status_code == 400 and 'aria-invalid="true"' in page.text
    assert sent_mail() == []


def test_a_link_of_one_account_is_nothing_to_another(app, signed_in, bob, sent_mail, email_of):
    ask(signed_in)
    link = sent_mail()[0].link("/account/settings/email/confirm/")
    other = Browser(app)
    other.enter(bob)
    assert other.get(link).status_code == 404
    assert post(other, link).status_code == 404 and email_of(bob) == bob.email


def test_what_waits_is_shown_to_its_person_alone(app, signed_in, bob):
    ask(signed_in)
    other = Browser(app)
    other.enter(bob)
    assert _NEW in signed_in.get(_PATH).text and _NEW not in other.get(_PATH).text


def test_who_opens_the_link_elsewhere_signs_in_first_and_comes_back(app, signed_in, alice, sent_mail):
    ask(signed_in)
    link = sent_mail()[0].link("/account/settings/email/confirm/")
    elsewhere = Browser(app)
    page = elsewhere.follow(elsewhere.get(link))
    back = elsewhere.submit(page, email=alice.email, password=alice.password)
    assert back.location == link
    assert "Is this your new address?" in elsewhere.follow(back).text


def test_a_link_works_for_a_day_and_the_earlier_one_dies(signed_in, alice, sent_mail, email_of, monkeypatch):
    ask(signed_in)
    first = sent_mail()[0].link("/account/settings/email/confirm/")
    ask(signed_in)
    second = sent_mail()[0].link("/account/settings/email/confirm/")
    assert post(signed_in, first).status_code == 404 and email_of(alice) == alice.email
    later = clock.now() + timedelta(hours=24, minutes=1)
    monkeypatch.setattr("app.clock.now", lambda: later)
    assert signed_in.get(second).status_code == 404


def test_who_thinks_better_of_it_keeps_the_address(signed_in, alice, sent_mail):
    ask(signed_in)
    page = signed_in.follow(signed_in.submit(signed_in.get(_PATH), press="Keep the address I have"))
    assert "Your address stays as it is." in page.text and "Waiting" not in page.text
    assert sent_mail() == []


def test_letters_to_one_address_are_limited(signed_in, sent_mail):
    for _ in range(LETTERS_TO_NEW_ADDRESS.most):
        assert ask(signed_in).status_code == 303
    page = ask(signed_in)
    assert page.status_code == 429 and int(page.headers["Retry-After"]) > 0


def test_somebody_elses_letters_keep_nobody_from_changing_to_their_own_address(app, signed_in, carol):
    """But for the first one they count: many accounts send no more than fifty in an hour."""
    other = Browser(app)
    other.enter(carol)
    while ask(other).status_code == 303:
        pass
    assert [ask(signed_in).status_code for _ in range(2)] == [303, 429]


def test_two_who_want_one_address_at_once(app, alice, bob, sent_mail, email_of):
    """Both have the mailbox, so both have a link; the database decides."""
    links = []
    for person in (alice, bob):
        browser = Browser(app)
        browser.enter(person)
        ask(browser, "both@home.example")
        links.append((browser, sent_mail()[0].link("/account/settings/email/confirm/")))
    tokens = [re.search(r'name="csrf_token" value="([^"]+)"', browser.get(link).text)[1] for browser, link in links]
    with ThreadPoolExecutor(2) as both:
        sent = [both.submit(post, *each, None, token) for each, token in zip(links, tokens, strict=True)]
        answers = [one.result() for one in sent]
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert [email_of(alice), email_of(bob)].count("both@home.example") == 1
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert "This address has an account of its own." in refused.text


def test_where_no_mail_goes_out_the_page_says_what_the_operator_must_set(signed_in, monkeypatch):
    monkeypatch.setattr("app.personal.settings.email_views.mail_goes_out", lambda: False)
    page = signed_in.get(_PATH)
    assert "SMTP_URL" in page.text and "Send a letter there" not in page.text
    assert post(signed_in, _PATH, {"email": _NEW}).status_code == 409


# -- taking it back ------------------------------------------------------------------------------


def test_the_old_address_takes_it_back_also_after_the_password_was_changed(app, signed_in, alice, change, email_of):
    letter = change()
    assert (letter.to, _NEW in letter.text) == (alice.email, True)
    new = "seven herons over a lake"
    page = signed_in.get("/account/settings/password/")
    assert signed_in.submit(page, old=alice.password, new=new).status_code == 303
    owner = Browser(app)
    link = letter.link("/take-back-address/")
    assert owner.get(link).status_code == 200 and email_of(alice) == _NEW, "To open it changes nothing."
    page = owner.follow(take_back(owner, letter))
    assert "is the address of your account again" in page.text and email_of(alice) == alice.email
    # Whoever changed it is out, with whatever they know.
    assert signed_in.get("/account/").status_code == 303
    for email, password in ((_NEW, new), (alice.email, new), (alice.email, alice.password)):
        assert Browser(app).sign_in(email, password).status_code == 400
    assert owner.get(link).status_code == 404, "It works once."


def test_whoever_takes_it_back_chooses_a_new_password_and_looks_at_the_apps(app, signed_in, alice, change, notebook):
    letter = change()
    notebook.tokens(signed_in, choose={"selection": "all"})
    owner = Browser(app)
    page = owner.follow(take_back(owner, letter))
    page = owner.follow(owner.submit(page, password="seven herons over a lake"))
    assert page.request.path == "/account/apps/look-back/" and "Acme Notebook" in page.text
    assert Browser(app).sign_in(alice.email, "seven herons over a lake").status_code == 303


def test_what_was_set_up_since_to_sign_in_with_goes_and_what_was_there_stays(
    app, signed_in, alice, change, in_database
):
    def add(name: str, *more):
        what = {"public_key": b"x", "rp_id": "localhost", "sign_count": 0, "transports": [], "backup_eligible": False}
        made = {"user_id": alice.id, "name": name, "digest": digest(name), "credential_id": name.encode()}

        def add(session):
            session.add_all([Passkey(**what, **made, backed_up=False), *more])
            session.commit()

        in_database(add)

    long_before = clock.now() - timedelta(days=8)
    add("earlier", RecoveryCode(digest=digest("earlier"), user_id=alice.id))
    for what, at in ((Passkey, {"created_at": long_before}), (RecoveryCode, {"made_at": long_before})):
        in_database(lambda session, what=what, at=at: (session.execute(update(what).values(**at)), session.commit()))
    # Who is about to take an address over sets up a way in of their own first.
    add("just before", RecoveryCode(digest=digest("just before"), user_id=alice.id))
    letter = change()
    codes = OneTimeCodes(user_id=alice.id, sealed="x", confirmed_at=clock.now())
    add("since", codes, RecoveryCode(digest=digest("since"), user_id=alice.id))
    take_back(Browser(app), letter)
    assert in_database(lambda session: list(session.scalars(select(Passkey.name)))) == ["earlier"]
    assert in_database(lambda session: list(session.scalars(select(RecoveryCode.digest)))) == [digest("earlier")]
    assert in_database(lambda session: list(session.scalars(select(OneTimeCodes.user_id)))) == []


def test_it_can_be_taken_back_for_a_week(app, signed_in, alice, change, email_of, monkeypatch):
    letter, now = change(), clock.now()
    monkeypatch.setattr("app.clock.now", lambda: now + timedelta(days=7, seconds=-5))
    assert Browser(app).get(letter.link("/take-back-address/")).status_code == 200
    monkeypatch.setattr("app.clock.now", lambda: now + timedelta(days=7, seconds=5))
    assert Browser(app).get(letter.link("/take-back-address/")).status_code == 404
    assert email_of(alice) == _NEW


def test_of_two_changes_the_first_address_ends_the_second_ones_way_back(
    app, signed_in, alice, change, email_of, sent_mail
):
    first, second = change(), change(email="alice@third.example")
    ask(signed_in, "alice@fourth.example")
    fourth = sent_mail()[0].link("/account/settings/email/confirm/")
    assert take_back(Browser(app), first).status_code == 303
    assert email_of(alice) == alice.email
    assert Browser(app).get(second.link("/take-back-address/")).status_code == 404
    signed_in.enter(alice)
    assert signed_in.get(fourth).status_code == 404
    assert {letter.to: letter.kind for letter in sent_mail()}["alice@third.example"] == "address_lost"


def test_who_goes_back_to_the_old_address_needs_no_letter_for_it(app, signed_in, alice, change, email_of):
    first = change()
    second = change(email=alice.email)
    assert email_of(alice) == alice.email
    assert Browser(app).get(first.link("/take-back-address/")).status_code == 404
    assert second.to == _NEW


def test_an_address_that_has_an_account_by_now_is_not_taken_from_it(app, alice, bob, change, in_database, email_of):
    letter = change()

    def move(session):
        session.execute(update(User).where(User.id == bob.id).values(email=alice.email))
        session.commit()

    in_database(move)
    page = take_back(Browser(app), letter)
    assert page.status_code == 409 and "give it another address in its settings, then open this link again" in page.text
    assert (email_of(alice), email_of(bob)) == (_NEW, alice.email)
    assert in_database(lambda session: session.scalars(select(Session.user_id)).all()) == [alice.id]


@each("token", ["x", "rlq_eb_" + "0" * 64, "a%00b", "%ff", "x" * 4000, "rlq_ea_" + "0" * 64])
def test_a_link_that_is_none_is_a_page_that_says_so(app, signed_in, token):
    for browser, path in ((Browser(app), "/take-back-address/"), (signed_in, "/account/settings/email/confirm/")):
        assert browser.get(path + token).status_code == 404
        assert post(signed_in, path + token).status_code == 404


def test_a_known_browser_is_known_by_the_new_address(app, alice, change):
    browser, guesser = Browser(app), Browser(app, address="127.0.0.1")
    browser.sign_in(alice.email, alice.password)
    change(browser)
    browser.sign_out()
    for _ in range(11):
        guesser.sign_in(_NEW, "not the password")
    assert guesser.sign_in(_NEW, alice.password).status_code == 429
    assert browser.sign_in(_NEW, alice.password).status_code == 303


def test_no_address_is_taken_by_a_form_from_elsewhere(app, signed_in, change, alice, email_of):
    letter = change()
    link = letter.link("/take-back-address/")
    answer = Browser(app).client.post(link, base_url="http://127.0.0.1:8000")
    assert answer.status_code == 400 and email_of(alice) == _NEW


def test_the_letters_and_their_page_are_in_the_time_zone_of_the_account(app, alice: Person, change, in_database):
    def choose(session):
        session.get(User, alice.id).time_zone = "Asia/Kathmandu"
        session.commit()

    in_database(choose)
    letter = change()
    assert "UTC+5:45" in letter.text and "UTC+5:45" in letter.html
    assert "UTC+5:45" in Browser(app).get(letter.link("/take-back-address/")).text
