"""Signing in: who gets in, what changes, and what a stranger can learn from the answers."""

import re

import pytest
from flask_login import current_user
from sqlalchemy import func, select, update

from app import create_app
from app.accounts import authentication
from app.accounts.models import Session, User
from app.accounts.passwords import hash_password, verify_password
from app.credentials import digest
from app.extensions import db
from app.http.doors import PAGE
from tests.actors import Browser

WRONG = "not the password at all"


def sessions(app) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Session.digest)))


def held(browser: Browser, name: str = "_user_id"):
    """What the browser's cookie holds under a name."""
    with browser.client.session_transaction(base_url="http://127.0.0.1:8000") as session:
        return session.get(name)


def give(browser: Browser, **values):
    with browser.client.session_transaction(base_url="http://127.0.0.1:8000") as session:
        session.update(values)


def is_signed_in(browser: Browser) -> bool:
    return "Sign out" in browser.get("/").text


# -- getting in ----------------------------------------------------------------------------------


def test_right_password_signs_in_and_leads_to_next(browser, alice):
    answer = browser.sign_in(alice.email, alice.password, next="/account?page=2")
    assert (answer.status_code, answer.location) == (303, "/account?page=2")
    assert alice.name in browser.get("/").text


def test_without_next_the_first_page_follows(browser, alice):
    page = browser.get("/sign-in")
    assert browser.submit(page, email=alice.email, password=alice.password).location == "/"


@pytest.mark.parametrize("spelling", ["ALICE@ACME.EXAMPLE", "  alice@acme.example  "])
def test_address_may_be_spelled_otherwise(browser, alice, spelling):
    assert browser.sign_in(spelling, alice.password).status_code == 303


@pytest.mark.parametrize("password", [WRONG, "THE PASSWORD OF ALICE ARCHER", "the password of Alice Archer "])
def test_wrong_password_does_not(browser, alice, password):
    assert browser.sign_in(alice.email, password).status_code == 400
    assert not is_signed_in(browser)


def test_somebody_elses_password_does_not(browser, alice, bob):
    assert browser.sign_in(alice.email, bob.password).status_code == 400


def test_form_without_its_csrf_token_is_refused(app, browser, alice):
    browser.get("/sign-in")
    answer = browser.client.post("/sign-in", data={"email": alice.email, "password": alice.password})
    assert answer.status_code == 400
    assert sessions(app) == []


def test_form_with_another_browsers_csrf_token_is_refused(app, browser, alice):
    page = Browser(app).get("/sign-in")
    browser.get("/sign-in")
    assert browser.submit(page, email=alice.email, password=alice.password).status_code == 400
    assert sessions(app) == []


# -- what a stranger learns ----------------------------------------------------------------------


def without_what_differs(answer, email: str) -> str:
    # Nor by what is random each time: the token of the form, and what a passkey would sign.
    return re.sub(r'(value|data-passkey)="[^"]*"', "", answer.text.replace(email, "EMAIL"))


def test_unknown_account_and_wrong_password_answer_alike(browser, alice):
    known = browser.sign_in(alice.email, WRONG)
    unknown = browser.sign_in("nobody@acme.example", WRONG)
    assert known.status_code == unknown.status_code == 400
    assert without_what_differs(known, alice.email) == without_what_differs(unknown, "nobody@acme.example")
    assert set(known.headers.keys()) == set(unknown.headers.keys())


def test_limited_answers_are_alike_too(app, alice, clock):
    def answer(email, address):
        browser = Browser(app, address=address)
        return [browser.sign_in(email, WRONG) for _ in range(11)][-1]

    known, unknown = answer(alice.email, "192.0.2.1"), answer("nobody@acme.example", "192.0.2.2")
    assert known.status_code == unknown.status_code == 429
    assert known.headers["Retry-After"] == unknown.headers["Retry-After"]
    assert without_what_differs(known, alice.email) == without_what_differs(unknown, "nobody@acme.example")


def test_unknown_account_costs_a_verification_too(browser, alice, monkeypatch):
    verified = []
    verify = authentication.verify_password
    monkeypatch.setattr(
        authentication, "verify_password", lambda kept, given: verified.append(kept) or verify(kept, given)
    )
    browser.sign_in("nobody@acme.example", WRONG)
    browser.sign_in(alice.email, WRONG)
    assert verified[0] is None
    assert verified[1].startswith("$argon2id$")


def test_answer_never_repeats_the_password(browser, alice):
    assert WRONG not in browser.sign_in(alice.email, WRONG).text


# -- what changes --------------------------------------------------------------------------------


def test_session_id_changes_at_sign_in_and_the_old_one_ends(app, browser, alice):
    browser.sign_in(alice.email, alice.password)
    first = held(browser)
    browser.submit(browser.get("/sign-in?again=1"), password=alice.password)
    second = held(browser)
    assert first != second
    assert sessions(app) == [digest(second)]


def test_only_the_sessions_digest_is_stored(app, browser, alice):
    browser.sign_in(alice.email, alice.password)
    assert sessions(app) == [digest(held(browser))]
    assert held(browser) not in sessions(app)


def test_nothing_of_the_session_before_is_left(browser, alice):
    browser.get("/sign-in")
    give(browser, planted="by somebody")
    token = held(browser, "csrf_token")
    browser.sign_in(alice.email, alice.password)
    assert held(browser, "planted") is None
    assert held(browser, "csrf_token") != token


def test_cookie_from_before_sign_in_is_not_signed_in_by_it(app, browser, alice):
    """A planted session stays what it was: nobody's."""
    browser.get("/sign-in")
    thief = Browser(app)
    give(thief, csrf_token=held(browser, "csrf_token"))
    browser.sign_in(alice.email, alice.password)
    assert not is_signed_in(thief)


def test_two_browsers_of_one_person_have_two_sessions(app, alice):
    for browser in (Browser(app), Browser(app)):
        browser.sign_in(alice.email, alice.password)
        assert is_signed_in(browser)
    assert len(sessions(app)) == 2


def test_no_remember_cookie_is_set(app, browser, alice):
    """The one that lasts knows the browser and signs nobody in."""
    answer = browser.sign_in(alice.email, alice.password)
    assert [cookie.split("=")[0] for cookie in answer.headers.getlist("Set-Cookie")] == [
        "reliquary_known",
        "reliquary",
    ]
    kept = browser.client.get_cookie("reliquary_known", "127.0.0.1").value
    thief = Browser(app)
    thief.client.set_cookie("reliquary_known", kept, domain="127.0.0.1")
    assert not is_signed_in(thief)


def test_cookie_is_out_of_reach_of_scripts_and_of_other_sites_forms(browser, alice):
    cookie = browser.sign_in(alice.email, alice.password).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_address_and_browser_are_kept_for_the_list_of_sessions(app, alice):
    browser = Browser(app, address="2001:db8::7")
    page = browser.get("/sign-in")
    browser.client.environ_base["HTTP_USER_AGENT"] = "A Browser/1.0 \x00" + "x" * 1000
    browser.submit(page, email=alice.email, password=alice.password)
    with app.app_context():
        row = db.session.scalar(select(Session))
        assert row.address == "2001:db8::7"
        assert row.user_agent.startswith("A Browser/1.0 xx") and len(row.user_agent) == 300


def test_session_is_not_tied_to_its_address_or_browser(app, browser, alice):
    browser.sign_in(alice.email, alice.password)
    browser._environ = {"REMOTE_ADDR": "198.51.100.9", "HTTP_USER_AGENT": "Updated/2.0"}
    assert is_signed_in(browser)


def test_expired_session_is_signed_out(app, browser, alice, clock):
    browser.sign_in(alice.email, alice.password)
    clock.advance(days=15)
    assert not is_signed_in(browser)


def test_hash_is_renewed_at_sign_in_when_its_parameters_are_old(app, browser, alice, change_settings):
    change_settings(password_time_cost=2)
    assert browser.sign_in(alice.email, alice.password).status_code == 303
    with app.app_context():
        assert "t=2," in db.session.get(User, alice.id).password_hash
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 303


def test_hash_is_left_alone_by_a_wrong_password(app, browser, alice, change_settings):
    change_settings(password_time_cost=2)
    browser.sign_in(alice.email, WRONG)
    with app.app_context():
        assert "t=1," in db.session.get(User, alice.id).password_hash


@pytest.fixture
def meanwhile(app, alice, monkeypatch):
    """While a password of Alice's is looked at, this happens elsewhere."""

    def let(happen):
        def verify(*given):
            # A context of its own has a session and a connection of its own.
            with app.app_context():
                happen(db.session.get_one(User, alice.id))
                db.session.commit()
            return verify_password(*given)

        monkeypatch.setattr(authentication, "verify_password", verify)

    return let


def take_password(user: User) -> None:
    user.password_hash = hash_password("seven herons by the lock")


@pytest.mark.parametrize("cost", [1, 2])
def test_a_password_that_is_changed_while_it_is_looked_at_opens_nothing(
    app, browser, alice, meanwhile, change_settings, cost
):
    """Who changes it ends every session: also the one that begins at this moment. And it stays changed."""
    change_settings(password_time_cost=cost)
    meanwhile(take_password)
    answer = browser.sign_in(alice.email, alice.password)
    assert answer.status_code == 400 and not is_signed_in(browser) and not sessions(app)
    with app.app_context():
        assert verify_password(db.session.get_one(User, alice.id).password_hash, "seven herons by the lock")


# -- who is signed in already --------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
def test_signed_in_person_is_led_on(browser, alice, path):
    browser.sign_in(alice.email, alice.password)
    answer = browser.get(f"{path}?next=/account")
    assert (answer.status_code, answer.location) == (303, "/account")


def test_again_asks_a_signed_in_person_for_the_password(browser, alice, clock):
    browser.sign_in(alice.email, alice.password)
    clock.advance(hours=1)
    page = browser.get("/sign-in?again=1&next=/account")
    assert page.status_code == 200
    assert f'value="{alice.email}"' in page.text
    wrong = browser.submit(page, password=WRONG)
    assert wrong.status_code == 400
    answer = browser.submit(wrong, password=alice.password)
    assert (answer.status_code, answer.location) == (303, "/account")


def test_again_makes_the_session_new(app, browser, alice, clock):
    browser.sign_in(alice.email, alice.password)
    clock.advance(hours=1)
    browser.submit(browser.get("/sign-in?again=1"), password=alice.password)
    with app.app_context():
        assert db.session.scalar(select(Session.issued_at)) == clock.now


def test_again_asks_a_stranger_as_ever(browser, alice):
    page = browser.get("/sign-in?again=1&next=/account")
    assert browser.submit(page, email=alice.email, password=alice.password).location == "/account"


def test_failed_again_leaves_the_person_signed_in(browser, alice):
    browser.sign_in(alice.email, alice.password)
    browser.submit(browser.get("/sign-in?again=1"), password=WRONG)
    assert is_signed_in(browser)


def test_again_may_end_as_somebody_else(app, browser, alice, bob):
    browser.sign_in(alice.email, alice.password)
    browser.submit(browser.get("/sign-in?again=1"), email=bob.email, password=bob.password)
    assert bob.name in browser.get("/").text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Session)) == 1


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
def test_second_tab_at_sign_in_is_led_on_when_the_first_is_done(browser, alice, path):
    """The CSRF token has changed meanwhile; two apps may have sent the person here at once."""
    second = browser.get(f"{path}?next=/second")
    browser.sign_in(alice.email, alice.password, next="/first")
    answer = browser.follow_once(browser.submit(second, email=alice.email, password=alice.password))
    assert (answer.status_code, answer.location) == (303, "/second")


def test_stale_form_signs_nobody_in(app, browser, alice, bob):
    stale = browser.get("/sign-in?again=1&next=/account")
    browser.sign_in(alice.email, alice.password)
    answer = browser.submit(stale, email=bob.email, password=bob.password)
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/account&again=1")
    assert alice.name in browser.get("/").text


def test_request_that_writes_first_may_ask_afterwards_who_it_is_from(settings, app, alice, clock):
    """SQLite has one writer, and finding a session notes on another connection when it was used."""
    other = create_app(settings)

    def write_and_ask():
        db.session.execute(update(User).values(name="Renamed"))
        return current_user.name

    other.add_url_rule("/writes", "writes", write_and_ask, methods=["POST"], door=PAGE)
    browser = Browser(other)
    browser.sign_in(alice.email, alice.password)
    token = browser.get("/").text.split('name="csrf_token" value="')[1].split('"')[0]
    clock.advance(minutes=2)
    answer = browser.client.post("/writes", base_url="http://127.0.0.1:8000", data={"csrf_token": token})
    assert answer.text == alice.name


# -- the first page -----------------------------------------------------------------------------


def test_first_page_shows_each_person_their_links(app, alice, bob):
    for person, is_admin in ((alice, False), (bob, True)):
        browser = Browser(app)
        browser.sign_in(person.email, person.password)
        main = browser.get("/").text.split("<main")[1]
        assert 'href="/account/"' in main
        assert ('href="/org/oauth/"' in main) is is_admin


def test_first_page_invites_a_stranger(browser):
    page = browser.get("/").text
    assert 'href="/sign-in"' in page and 'href="/sign-up"' in page


def test_sign_in_page_may_be_asked_for_its_head(browser):
    assert browser.client.head("/sign-in").status_code == 200
