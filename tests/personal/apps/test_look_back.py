"""After a new password: which of the apps that were connected lately are one's own."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.accounts.resetting.links import make_reset_link
from app.accounts.resetting.look_back import LASTS
from app.accounts.resetting.models import LookBack
from app.clients.models import Client
from app.consents.models import Consent
from tests.actors import Browser
from tests.integrator import Integrator
from tests.personal.conftest import post

PATH = "/account/apps/look-back/"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def reset(app, alice, in_database):
    """``reset(browser)`` sets Alice a new password by a link; the page that follows."""

    def make(session):
        path = make_reset_link(session, session.get_one(User, alice.id), by_mail=True)
        session.commit()
        return path

    def follow(browser: Browser):
        page = browser.follow(browser.get(in_database(make)))
        return browser.follow(browser.submit(page, password="seven herons by the lock"))

    return follow


def sign_in(app, alice, user_agent: str, address: str) -> Browser:
    browser = Browser(app, address=address)
    browser.client.environ_base["HTTP_USER_AGENT"] = user_agent
    browser.sign_in(alice.email, alice.password)
    return browser


@pytest.fixture
def connect(shelf):
    """``connect(browser, app)`` connects one through the screens; its access token."""

    def go(browser: Browser, integrator: Integrator) -> str:
        chosen = {"selection": "selected", "memento_ids": [shelf.mementos["Recipes"]]}
        return replace(integrator, scope="memories:read").tokens(browser, choose=chosen)["access_token"]

    return go


def grant_of(in_database, integrator: Integrator) -> str:
    return in_database(
        lambda session: session.scalar(
            select(Consent.grant_id).join(Client).where(Client.client_id == integrator.client_id)
        )
    )


def test_what_was_connected_since_the_earliest_sign_in_is_asked_about(
    app, alice, connect, notebook, pocket, let_time_pass, reset
):
    first = sign_in(app, alice, FIREFOX, "192.0.2.9")
    connect(first, notebook)
    first.sign_out()
    let_time_pass(days=1)
    second = sign_in(app, alice, FIREFOX, "192.0.2.1")
    let_time_pass(hours=1)
    connect(second, pocket)
    let_time_pass(hours=1)
    sign_in(app, alice, CHROME, "192.0.2.66")
    browser = Browser(app)
    page = reset(browser)
    assert "Keep Acme Pocket" in page.text and "Acme Notebook" not in page.text
    assert "Freeze everything" in page.text
    assert "Firefox on Linux, from 192.0.2.1" in page.text and "Chrome on Windows, from 192.0.2.66" in page.text
    # Whoever knows the later sign-in for their own need not look at what was before it.
    later = browser.submit(page, press="Show", since="0")
    assert "Acme Pocket" not in later.text and "There is no app left to look at." in later.text


def test_each_is_kept_or_ended_and_then_none_is_left(
    app, alice, signed_in, connect, notebook, pocket, reset, in_database
):
    tokens = [connect(signed_in, one) for one in (notebook, pocket)]
    browser = Browser(app)
    page = browser.follow(browser.submit(reset(browser), press="Keep Acme Notebook"))
    assert "Acme Notebook stays connected." in page.text and "Keep Acme Notebook" not in page.text
    question = browser.get(f"/account/apps/{grant_of(in_database, pocket)}/disconnect?from=look-back")
    answer = browser.submit(question, press="End Acme Pocket")
    assert answer.location == PATH
    assert "There is no app left to look at." in browser.follow(answer).text
    assert [one.is_alive(token) for one, token in zip((notebook, pocket), tokens, strict=True)] == [True, False]


def test_what_was_resumed_is_asked_about_too(app, alice, connect, notebook, pocket, let_time_pass, reset, in_database):
    browser = sign_in(app, alice, FIREFOX, "192.0.2.9")
    connect(browser, notebook)
    connect(browser, pocket)
    path, other = (f"/account/apps/{grant_of(in_database, one)}/" for one in (notebook, pocket))
    post(browser, path + "pause")
    browser.sign_out()
    let_time_pass(days=1)
    later = sign_in(app, alice, FIREFOX, "192.0.2.1")
    post(later, path + "resume"), post(later, other + "pause")
    page = reset(Browser(app))
    assert "Keep Acme Notebook" in page.text and "Acme Pocket" not in page.text, "What was paused has gained nothing."


def test_a_device_of_an_app_that_was_allowed_before_is_asked_about_too(
    app, alice, connect, notebook, pocket, let_time_pass, reset, change_client
):
    """Its code may be a stranger's, who knew the password; and it may do no more than the app could before."""
    change_client(notebook, device_flow=True)
    first = sign_in(app, alice, FIREFOX, "192.0.2.9")
    connect(first, notebook)
    connect(first, pocket)
    first.sign_out()
    let_time_pass(days=1)
    later = sign_in(app, alice, FIREFOX, "192.0.2.1")
    asked = notebook.post("/oauth/device_authorization", {"scope": "memories:read"}).json
    page = later.submit(later.get("/device"), action="/device", user_code=asked["user_code"])
    later.submit(later.follow(page), press="Authorize")
    page = reset(Browser(app)).text
    assert "Keep Acme Notebook" in page and "Acme Pocket" not in page


def test_where_no_sign_in_is_known_it_is_of_thirty_days(app, alice, connect, notebook, pocket, let_time_pass, reset):
    for integrator in (notebook, pocket):
        browser = sign_in(app, alice, FIREFOX, "192.0.2.9")
        connect(browser, integrator)
        browser.sign_out()
        let_time_pass(days=16)
    page = reset(Browser(app))
    assert "in the 30 days before" in page.text
    assert "Acme Pocket" in page.text and "Acme Notebook" not in page.text


def test_a_second_new_password_forgets_nothing_of_the_first(
    app, alice, signed_in, connect, notebook, let_time_pass, reset
):
    connect(signed_in, notebook)
    reset(Browser(app))
    let_time_pass(hours=1)
    assert "Keep Acme Notebook" in reset(Browser(app)).text


def test_everything_can_be_frozen_from_there(app, alice, signed_in, connect, notebook, reset):
    token, browser = connect(signed_in, notebook), Browser(app)
    assert 'href="/account/apps/pause-all">Freeze everything</a>' in reset(browser).text
    browser.submit(browser.get("/account/apps/pause-all"), press="Freeze everything")
    assert not notebook.is_alive(token)


def test_it_is_asked_for_thirty_days_and_of_nobody_else(app, alice, carol, reset, let_time_pass, in_database):
    browser, other = Browser(app), Browser(app)
    reset(browser)
    other.enter(carol)
    assert other.get(PATH).location == "/account/apps/"

    def age(session):
        session.get_one(LookBack, alice.id).begun_at -= LASTS
        session.commit()

    in_database(age)
    assert browser.get(PATH).location == "/account/apps/"


def test_an_app_that_waits_is_gone_on_to(app, alice, notebook, sent_mail, in_database):
    """The authorization request survives the way through the mailbox."""
    browser = Browser(app)
    sign_in_page = notebook.start(browser)
    next = sign_in_page.request.url.partition("next=")[2]
    page = browser.get("/forgotten-password?next=" + next)
    assert "to continue to" in page.text and "Acme Notebook" in page.text
    browser.submit(page, email=alice.email)
    [letter] = sent_mail()
    page = browser.follow(browser.get(letter.link("/reset-password/")))
    page = browser.follow(browser.submit(page, password="seven herons by the lock"))
    assert "Continue to" in page.text
    href = page.text.split("Continue to")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    page = browser.follow(browser.get(href))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert "code" in notebook.answer(browser.submit(page, press="Authorize"))
    assert in_database(lambda session: session.query(Consent).count()) == 1
