"""Another SECRET_KEY, with the one before among its fallbacks, signs nobody out and breaks nothing that is under way.

Two machines stand for the time in between: one signs with the new key already, the other still with the old one and
knows the new one. Whatever one of them signed, the other accepts.
"""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from msgspec import structs

from app import create_app
from app.accounts.factors.resealing import reseal
from app.extensions import db
from app.once import identifier_for, new_token
from tests.actors import Browser
from tests.factors import set_up_phone
from tests.server import running_server

OLD, NEW, OTHER = "the-key-of-yesterday-" + "1" * 32, "the-key-of-today-" + "2" * 32, "a-key-of-nobody-" + "3" * 32


@pytest.fixture
def machines(_machines) -> dict:
    """Machines on one database, by what they sign with and accept."""
    for machine in _machines.values():
        machine.extensions["services"].limits.forget()
    return _machines


@pytest.fixture(scope="module")
def _machines(app) -> Iterator[dict]:
    settings = app.extensions["services"].settings
    how = {
        "before": structs.replace(settings, secret_key=OLD),
        "still old": structs.replace(settings, secret_key=OLD, secret_key_fallbacks=(NEW,)),
        "new": structs.replace(settings, secret_key=NEW, secret_key_fallbacks=(OLD,)),
        "without fallbacks": structs.replace(settings, secret_key=OTHER),
    }
    made = {name: create_app(one) for name, one in how.items()}
    for machine in made.values():
        machine.testing = True
        machine.extensions["services"].notes.have_threads = False
    yield made
    for machine in made.values():
        with machine.app_context():
            db.session.remove()
            db.engine.dispose()


_CHANGES = pytest.mark.parametrize(
    ("first", "second"), [("before", "new"), ("before", "still old"), ("still old", "new"), ("new", "still old")]
)


def _answered_by(browser: Browser, machine) -> Browser:
    """The same browser, with its cookies, whose next request another machine answers."""
    other = Browser(machine)
    other.client._cookies = browser.client._cookies
    return other


@_CHANGES
def test_who_is_signed_in_stays_so(machines, alice, first, second):
    browser = Browser(machines[first])
    browser.sign_in(alice.email, alice.password)
    assert _answered_by(browser, machines[second]).get("/account/").status_code == 200


@_CHANGES
def test_a_form_that_is_open_can_be_sent(machines, alice, first, second):
    browser = Browser(machines[first])
    browser.enter(alice)
    page = browser.get("/")
    other = _answered_by(browser, machines[second])
    sent = other.submit(page, action="/sign-out")
    assert sent.status_code == 303, sent.text
    assert "/sign-in" in other.get("/account/").location


@_CHANGES
def test_an_authorization_request_goes_on_to_its_code(machines, notebook, alice, first, second):
    """And the code and the refresh token are exchanged by the other machine."""
    browser = Browser(machines[first])
    page = browser.follow(browser.get(notebook.authorize_url()))
    assert "/sign-in" in page.request.path
    browser = _answered_by(browser, machines[second])
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    # The one before the change knows no other key, and is gone by the time that somebody signs with it.
    browser = _answered_by(browser, machines[second if first == "before" else first])
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    browser = _answered_by(browser, machines[second])
    code = notebook.answer(browser.submit(page, press="Authorize"))["code"]
    there, here = replace(notebook, app=machines[first]), replace(notebook, app=machines[second])
    tokens = there.exchange(code).json
    renewed = here.refresh(tokens["refresh_token"]).json
    # Within the grace the same successor comes, from whichever machine.
    assert there.refresh(tokens["refresh_token"]).json["refresh_token"] == renewed["refresh_token"]


@_CHANGES
def test_an_authenticator_app_goes_on(machines, alice, first, second):
    """Also when a purge of the other machine has sealed its secret anew."""
    phone = set_up_phone(machines[first], alice)
    for steps, machine in enumerate((machines[second], machines[second if first == "before" else first])):
        browser = Browser(machine)
        page = browser.follow_once(browser.sign_in(alice.email, alice.password))
        assert browser.submit(page, code=phone.code(steps=steps)).status_code == 303
        with machine.app_context():
            reseal(db.engine, machines[second].extensions["services"].settings.secret_keys)


@_CHANGES
def test_a_form_that_acts_once_acts_once(machines, first, second):
    with machines[first].app_context():
        token = new_token()
        made = identifier_for("client", token, "usr_1")
    with machines[second].app_context():
        assert identifier_for("client", token, "usr_1") == made
    with machines["without fallbacks"].app_context():
        assert identifier_for("client", token, "usr_1") != made


def test_without_the_fallback_everybody_is_signed_out(machines, alice):
    """So the tests above can fail."""
    browser = Browser(machines["before"])
    browser.enter(alice)
    assert "/sign-in" in _answered_by(browser, machines["without fallbacks"]).get("/account/").location


def test_a_restart_with_another_key_signs_nobody_out(database_url, app, alice, tmp_path):
    """Two real servers, one after the other, at one address."""
    cookies = None
    for settings in ({"SECRET_KEY": OLD}, {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": f"{OTHER}, {OLD}"}):
        with running_server(database_url, tmp_path, WEB_CONCURRENCY="1", **settings) as server:
            client = httpx.Client(base_url=server.url, cookies=cookies)
            if cookies is None:
                page = client.get("/sign-in")
                token = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
                form = {"csrf_token": token, "email": alice.email, "password": alice.password}
                client.post("/sign-in", data=form, headers={"Origin": server.url})
                cookies = {cookie.name: cookie.value for cookie in client.cookies.jar}
            assert client.get("/account/").status_code == 200
