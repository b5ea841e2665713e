"""A forgotten password: the letter, its link, and what setting a new one does."""

import pytest
from sqlalchemy import func, select, update

from app.accounts.models import Session, User
from app.accounts.notices.models import Notice
from app.accounts.passwords import hash_password, verify_password
from app.accounts.resetting.links import make_reset_link, use_up
from app.accounts.resetting.models import PasswordReset
from app.audit.models import AuditEvent
from app.extensions import db
from app.mail.models import OutgoingMail
from tests.accounts.resetting.asking import NEW, ask, choose, has_password, is_over
from tests.accounts.test_sign_in import is_signed_in
from tests.actors import Browser
from tests.tables import each


def count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


# -- the way of whoever forgot -------------------------------------------------------------------


def test_a_new_password_signs_in_and_leads_to_the_apps_that_were_connected(app, browser, alice, link):
    answer = choose(browser, link(browser, alice.email))
    assert (answer.status_code, answer.location) == (303, "/account/apps/look-back/")
    assert browser.get(answer.location).status_code == 200
    assert has_password(app, alice, NEW)
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 400
    assert Browser(app).sign_in(alice.email, NEW).status_code == 303


def test_every_session_of_before_ends(app, browser, alice, link):
    elsewhere = Browser(app)
    elsewhere.sign_in(alice.email, alice.password)
    choose(browser, link(browser, alice.email))
    assert not is_signed_in(elsewhere)
    assert count(app, Session) == 1


def test_the_letter_names_the_account_to_nobody_and_no_secret_lies_in_the_outbox(app, browser, alice, sent_mail):
    ask(browser, alice.email)
    with app.app_context():
        waiting = db.session.scalars(select(OutgoingMail)).one()
        assert waiting.facts == {}
        assert db.session.scalar(select(func.count()).select_from(PasswordReset)) == 0
    [letter] = sent_mail()
    assert letter.kind == "password_reset"
    token = letter.link("/reset-password/").rpartition("/")[2]
    with app.app_context():
        kept = db.session.scalars(select(PasswordReset)).one()
        assert token not in repr(vars(kept))


def test_the_link_works_in_another_browser(app, browser, alice, link):
    assert choose(Browser(app), link(browser, alice.email)).status_code == 303
    assert has_password(app, alice, NEW)


def test_the_person_is_told_and_the_audit_log_knows(app, browser, alice, link):
    choose(browser, link(browser, alice.email))
    with app.app_context():
        assert db.session.scalars(select(Notice.kind).where(Notice.user_id == alice.id)).one() == "password_reset"
        event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "user.password_reset")).one()
        assert (event.actor_user_id, event.details) == (alice.id, {"by": "letter"})


def test_who_is_signed_in_as_somebody_else_becomes_the_one_of_the_link(app, browser, alice, bob, link):
    path = link(Browser(app), alice.email)
    browser.enter(bob)
    choose(browser, path)
    assert alice.name in browser.get("/").text


# -- once, and not for long ----------------------------------------------------------------------


def test_a_link_works_once(app, browser, alice, link):
    path = link(browser, alice.email)
    choose(browser, path)
    again = Browser(app)
    assert is_over(again.follow(again.get(path)))


def test_of_two_who_send_the_form_of_one_link_the_second_is_too_late(app, browser, alice, link):
    path, other = link(browser, alice.email), Browser(app)
    first, second = browser.follow(browser.get(path)), other.follow(other.get(path))
    assert browser.submit(first, password=NEW).status_code == 303
    assert is_over(other.submit(second, password="another one than the first"))
    assert has_password(app, alice, NEW)
    assert not is_signed_in(other)


def test_of_two_forms_at_the_same_moment_one_uses_the_link_up(app, alice):
    """Both have found it good, and neither has set a password yet."""
    with app.app_context():
        token = make_reset_link(db.session, db.session.get_one(User, alice.id), by_mail=True).rpartition("/")[2]
        assert [use_up(db.session, token, hashed, "") for hashed in ("first", "second")] == [True, False]
        assert db.session.scalars(select(PasswordReset.new_password_hash)).one() == "first"


def test_a_link_lasts_for_thirty_minutes(app, browser, alice, link, clock):
    path = link(browser, alice.email)
    clock.advance(minutes=30)
    assert is_over(browser.follow(browser.get(path)))


def test_a_form_that_is_sent_too_late_changes_nothing(app, browser, alice, link, clock):
    page = browser.follow(browser.get(link(browser, alice.email)))
    clock.advance(minutes=29, seconds=59)
    assert browser.submit(page, password="short").status_code == 400
    clock.advance(seconds=1)
    assert is_over(browser.submit(page, password=NEW))
    assert has_password(app, alice, alice.password)


def test_a_newer_link_is_the_end_of_the_older(app, browser, alice, link):
    older, newer = link(browser, alice.email), link(browser, alice.email)
    assert is_over(browser.follow(browser.get(older)))
    assert choose(browser, newer).status_code == 303


@pytest.mark.parametrize(
    "changed", [{"email": "alice@elsewhere.example"}, {"password_hash": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$eHg"}]
)
def test_a_link_is_over_once_the_address_or_the_password_is_another(app, browser, alice, link, changed):
    """A letter in a mailbox that is no longer hers, or that waited while she got in by other means, opens nothing."""
    path = link(browser, alice.email)
    with app.app_context():
        db.session.execute(update(User).where(User.id == alice.id).values(**changed))
        db.session.commit()
    assert is_over(browser.follow(browser.get(path)))


def test_to_open_a_link_uses_nothing_up(app, browser, alice, link):
    """Mail scanners open every link in a letter, and some load what its page loads."""
    path, scanner = link(browser, alice.email), Browser(app)
    for method in ("HEAD", "GET", "GET"):
        assert scanner.client.open(path, method=method, base_url=scanner._base_url).status_code in (200, 303)
    scanner.follow(scanner.get(path))
    assert has_password(app, alice, alice.password)
    assert choose(browser, path).status_code == 303


@each("token", ["x", "rlq_pr_" + "0" * 64, "rlq_se_" + "0" * 64, "rlq_pr_" + "0" * 5000, "%00", "%ff%fe"])
def test_a_link_that_nobody_made_leads_to_a_page_that_says_so(browser, token):
    assert is_over(browser.follow(browser.get(f"/reset-password/{token}")))


def test_without_a_link_the_form_is_not_there(browser, alice):
    browser.enter(alice)
    assert is_over(browser.get("/reset-password/"))


def test_the_link_of_one_person_sets_the_password_of_nobody_else(app, browser, alice, bob, link):
    choose(browser, link(browser, alice.email))
    assert has_password(app, bob, bob.password)


# -- where the token is not ----------------------------------------------------------------------


def test_the_token_is_in_no_address_that_a_page_of_ours_has(app, browser, alice, link, caplog):
    path = link(browser, alice.email)
    token = path.rpartition("/")[2]
    led = browser.get(path)
    assert (led.status_code, led.location) == (303, "/reset-password/")
    assert token not in led.text
    page = browser.follow(led)
    assert token not in page.text
    assert token not in browser.submit(page, password=NEW).text
    assert token not in caplog.text


# -- what the new one must be --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Choose a password."),
        ("ninechars", "at least 10"),
        ("password123", "first that anybody"),
        ("Alice.Archer7", "too close to your name"),
        ("alice@acme.example", "not your e-mail"),
    ],
)
def test_a_bad_password_is_refused_and_the_link_stays_good(app, browser, alice, link, password, sentence):
    page = browser.follow(browser.get(link(browser, alice.email)))
    answer = browser.submit(page, password=password)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert has_password(app, alice, alice.password)
    assert browser.submit(answer, password=NEW).status_code == 303


def test_a_form_without_its_csrf_token_is_refused(app, browser, alice, link):
    browser.follow(browser.get(link(browser, alice.email)))
    answer = browser.client.post("/reset-password/", base_url=browser._base_url, data={"password": NEW})
    assert answer.status_code == 400
    assert has_password(app, alice, alice.password)


# -- what a stranger learns ----------------------------------------------------------------------


def test_a_known_and_an_unknown_address_are_answered_alike_with_the_same_work(app, alice, monkeypatch):
    hashed = []
    monkeypatch.setattr("app.accounts.resetting.views.hash_password", lambda given: hashed.append(given))

    def answer(email: str):
        browser = Browser(app)
        first = ask(browser, email)
        return first.status_code, first.location, browser.get(first.location).text.replace(email, "EMAIL")

    assert answer(alice.email) == answer("nobody@acme.example")
    assert hashed == []
    with app.app_context():
        rows = db.session.execute(select(OutgoingMail.kind, OutgoingMail.facts, OutgoingMail.state)).all()
        assert len(rows) == 2 and rows[0] == rows[1]


def test_no_letter_goes_to_who_has_no_account(browser, sent_mail):
    ask(browser, "nobody@acme.example")
    assert sent_mail() == []


def test_an_address_of_any_spelling_finds_its_account(browser, alice, sent_mail):
    ask(browser, "  ALICE@acme.example ")
    assert [letter.to for letter in sent_mail()] == [alice.email]


@each("email", ["", "nobody", "x" * 300 + "@example.com", "a\x00b@example.com", "a@b\nc"])
def test_what_is_no_address_is_refused(browser, email):
    assert ask(browser, email).status_code == 400


@pytest.mark.parametrize("email", ["alice@acme.example", "nobody@acme.example"])
def test_one_address_gets_three_letters_in_a_quarter_of_an_hour(app, alice, clock, email):
    answers = [ask(Browser(app, address=f"192.0.2.{n}"), email) for n in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert count(app, OutgoingMail) == 3
    clock.advance(minutes=15)
    assert ask(Browser(app), email).status_code == 303


def test_one_network_asks_twenty_times_in_a_quarter_of_an_hour(app, clock):
    browser = Browser(app, address="192.0.2.7")
    answers = [ask(browser, f"person{n}@acme.example").status_code for n in range(21)]
    assert answers == [303] * 20 + [429]
    assert ask(Browser(app, address="192.0.2.8"), "person21@acme.example").status_code == 303


# -- where no letters go out ---------------------------------------------------------------------


def test_without_mail_the_page_says_what_to_do_and_takes_nothing(app, browser, alice, change_settings):
    page = browser.get("/forgotten-password")
    with app.app_context():
        change_settings(issuer="https://id.acme.example")
        assert not app.extensions["services"].settings.sends_mail
        with app.test_request_context("/forgotten-password"):
            told = app.view_functions["accounts.forgotten_password"]()[0]
    assert "flask users reset-link EMAIL" in told and "SMTP_URL" in told
    assert 'name="email"' in page.text and 'name="email"' not in told


# -- an account that has another hash by now -----------------------------------------------------


def test_a_hash_that_was_made_for_somebody_waits_for_the_end_of_the_sign_in(app, browser, alice, link, monkeypatch):
    """A second factor may be asked between; until it is shown, the letter alone has changed nothing."""
    monkeypatch.setattr("app.accounts.signing_in._STEPS", (lambda user, target, shown: ("Not yet.", 200),))
    assert choose(browser, link(browser, alice.email)).text == "Not yet."
    assert has_password(app, alice, alice.password)
    with app.app_context():
        assert verify_password(db.session.scalars(select(PasswordReset.new_password_hash)).one(), NEW)
        assert hash_password(NEW) != alice.password
    monkeypatch.undo()
    # The password alone does not let it come true, not even in this browser.
    browser.sign_in(alice.email, alice.password)
    assert has_password(app, alice, alice.password)
