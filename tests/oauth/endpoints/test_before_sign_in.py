"""Sign-in and sign-up say what they lead to, and a request can be cancelled there: nobody is sent anywhere by that."""

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import func, select

from app.accounts.invitations import find_open_invitation, invite, revoke_invitation
from app.accounts.organizations import find_organization
from app.clients.models import DOCUMENT, DYNAMIC
from app.extensions import db
from app.oauth.authorization_request import MOST_OF_NETWORK
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from app.oauth.tokens.code import AuthorizationCode
from tests.actors import Browser
from tests.unregistered import add_unregistered

PAGES = ("/sign-in", "/sign-up")
CANCEL = "/oauth/authorize/cancel"


@pytest.fixture
def on_the_way(notebook, browser):
    """The sign-in page behind an honest request."""
    return notebook.start(browser)


def pages_of(browser, page) -> list:
    """The page and the other of the two, which it leads to."""
    other = re.search(r'href="(/sign-up\?next=[^"]+)"', page.text)[1]
    return [page, browser.get(unescape(other))]


def way_back_of(page) -> dict[str, str]:
    """What the link back to the app tells it."""
    (address,) = re.findall(r'href="([^"]+)">Go back to the app', page.text)
    return {name: one for name, (one,) in parse_qs(urlsplit(unescape(address)).query).items()}


def send_cancel(browser, handle: str):
    """Send the form of another request, with a token of this browser's own."""
    page = browser.get("/sign-in?again=1")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)[1]
    form = {"data": {"csrf_token": token}, "headers": {"Origin": "http://127.0.0.1:8000"}}
    return browser.client.post(f"{CANCEL}?request={handle}", base_url="http://127.0.0.1:8000", **form)


# -- what it leads to --------------------------------------------------------------------------------


def test_both_pages_say_which_app_asks_how_it_is_known_and_what_receives_the_answer(browser, on_the_way):
    for page in pages_of(browser, on_the_way):
        assert "to continue to <strong><bdi>Acme Notebook</bdi></strong>" in page.text
        assert "registered by <bdi>Acme</bdi>" in page.text
        assert '<strong class="host">notebook.acme.example</strong>' in page.text
        assert ">Cancel<" in page.text


def test_both_pages_say_how_long_the_app_waits_and_when_it_waits_no_more(browser, on_the_way, let_time_pass):
    """Whoever looks for a password for so long would read it only after the sign-in (WCAG 2.2.1)."""
    pages = pages_of(browser, on_the_way)
    for page in pages:
        assert '<noscript><p class="hint">It waits 10 minutes for you.</p></noscript>' in page.text
        assert 'data-left="600"' in page.text or 'data-left="59' in page.text
        assert "Acme Notebook waits for two more minutes." in page.text
        assert "Acme Notebook waits no more. You can sign in all the same" in page.text
    let_time_pass(minutes=9)
    assert "It waits a minute for you." in browser.get(pages[0].request.url).text


def test_a_page_that_leads_to_no_app_says_nothing_of_one(browser, notebook):
    for path in PAGES:
        for target in ("", "?next=/account/", "?next=/oauth/authorize/continue?request=rlq_ar_unknown"):
            page = browser.get(path + target).text
            assert "to continue to" not in page and ">Cancel<" not in page


def test_a_link_that_a_stranger_made_borrows_nobodys_name(browser, app, notebook, on_the_way):
    """Neither a request of another browser nor one that was never looked at."""
    made = [parse_qs(urlsplit(on_the_way.request.url).query)["next"][0], notebook.authorize_url()]
    for target in made:
        page = Browser(app).get(f"/sign-in?next={quote(target)}").text
        assert "Acme Notebook" not in page and ">Cancel<" not in page


def test_a_request_that_was_not_kept_says_its_app_too(app, notebook, browser):
    for _ in range(MOST_OF_NETWORK):
        notebook.start(Browser(app))
    page = notebook.start(browser)
    assert "sent_along" in page.request.url
    assert "to continue to <strong><bdi>Acme Notebook</bdi></strong>" in page.text
    cancelled = browser.submit(page, press="Cancel")
    assert cancelled.status_code == 200 and "Nothing was shared" in cancelled.text
    assert "Go back to the app" not in cancelled.text


def test_an_app_that_nobody_has_read_yet_is_called_by_its_host(notebook, browser):
    page = notebook.start(browser, client_id="https://agent.example/client.json")
    assert "says it is <bdi>agent.example</bdi>; nobody has checked that" in page.text


@pytest.mark.parametrize(
    ("client_id", "origin", "says"),
    [
        ("client_of_its_own", DYNAMIC, "says it is “<bdi>Agent</bdi>”; nobody has checked that"),
        ("https://app.example.net/client.json", DOCUMENT, "proved to be <strong><bdi>app.example.net</bdi></strong>"),
        (
            "https://agent.example.org/client.json",
            DOCUMENT,
            "says it is <bdi>agent.example.org</bdi>; the answer goes to",
        ),
    ],
)
def test_an_app_that_no_organization_answers_for_says_how_it_is_known(app, browser, client_id, origin, says):
    agent = add_unregistered(app, client_id, "Agent", origin)
    page = agent.start(browser)
    assert says in page.text and "app.example.net" in page.text
    cancelled = browser.submit(page, press="Cancel")
    assert cancelled.status_code == 200 and way_back_of(cancelled)["error"] == "access_denied"


# -- an invitation -----------------------------------------------------------------------------------


@pytest.fixture
def invitation(app, bob):
    with app.app_context():
        invited, token = invite(find_organization("acme").id, role="member", label="", actor_user_id=bob.id)
        db.session.commit()
        return invited.id, token


def test_both_pages_say_who_invites_and_cancelling_leaves_the_invitation_open(app, browser, invitation):
    _, token = invitation
    page = browser.follow(browser.get(f"/org/oauth/join/{token}"))
    for shown in pages_of(browser, page):
        assert "to continue to <strong><bdi>Acme</bdi></strong>" in shown.text
        assert re.search(r'<a class="button secondary" href="/">Cancel</a>', shown.text)
    with app.app_context():
        assert find_open_invitation(token) is not None


def test_an_invitation_that_is_over_names_nobody(app, browser, bob, invitation):
    id, token = invitation
    with app.app_context():
        revoke_invitation(find_organization("acme").id, id, actor_user_id=bob.id)
        db.session.commit()
    assert "to continue to" not in browser.get(f"/sign-in?next=/org/oauth/join/{token}").text


# -- cancelling --------------------------------------------------------------------------------------


def test_cancelling_ends_the_request_and_sends_nobody_anywhere(app, notebook, browser, alice, on_the_way):
    page = browser.submit(on_the_way, press="Cancel")
    assert page.status_code == 200 and "Location" not in page.headers and "Refresh" not in page.headers
    assert "Nothing was shared with <bdi>Acme Notebook</bdi>" in page.text
    assert '<strong class="host">notebook.acme.example</strong>' in page.text
    told = way_back_of(page)
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", notebook.state, "http://127.0.0.1:8000")
    assert "code" not in told
    # Whoever signs in now does not go on with it.
    late = browser.follow(browser.submit(on_the_way, email=alice.email, password=alice.password))
    assert late.status_code == 410 and "already answered" in late.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(AuthorizationCode)) == 0


def test_a_second_click_says_that_it_was_answered(browser, on_the_way):
    browser.submit(on_the_way, press="Cancel")
    again = browser.submit(on_the_way, press="Cancel")
    assert again.status_code == 410 and "already answered" in again.text


def test_the_apps_requests_tell_of_it(app, notebook, browser, on_the_way):
    browser.submit(on_the_way, press="Cancel")
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
        of_app = select(RequestRecord).where(RequestRecord.client_key == notebook.client_id)
        last = db.session.scalars(of_app.order_by(RequestRecord.id.desc())).first()
        assert (last.endpoint, last.error) == ("authorize", "access_denied")


def test_another_browser_cannot_cancel_it(app, notebook, browser, alice, on_the_way):
    handle = parse_qs(urlsplit(parse_qs(urlsplit(on_the_way.request.url).query)["next"][0]).query)["request"][0]
    other = Browser(app)
    answer = send_cancel(other, handle)
    assert answer.status_code == 410
    assert browser.submit(on_the_way, email=alice.email, password=alice.password).status_code == 303
    assert "expired" in answer.text


def test_no_link_and_no_page_of_others_cancels_it(browser, on_the_way):
    action = re.search(rf'action="({CANCEL}[^"]+)"', on_the_way.text)[1]
    assert browser.get(action).status_code == 405
    assert browser.client.post(action, headers={"Origin": "https://evil.example"}).status_code == 400


def test_somebody_who_is_signed_in_goes_straight_back(notebook, signed_in):
    page = notebook.start(signed_in, prompt="login")
    answer = signed_in.submit(page, press="Cancel")
    assert answer.status_code == 303
    assert notebook.answer(answer)["error"] == "access_denied"
    # As from every later screen, the way back to the app is kept.
    assert "Acme Notebook" in signed_in.get("/account/apps/").text


def test_a_request_of_one_person_is_not_cancelled_by_another(notebook, browser, alice, bob, on_the_way):
    screen = browser.follow(browser.submit(on_the_way, email=alice.email, password=alice.password))
    browser.enter(bob)
    handle = parse_qs(urlsplit(screen.request.url).query)["request"][0]
    answer = send_cancel(browser, handle)
    assert answer.status_code != 303 and "another account" in answer.text


def test_an_address_that_was_taken_off_the_list_meanwhile_gets_no_answer(
    app, notebook, browser, change_client, on_the_way
):
    change_client(notebook, redirect_uris=["https://elsewhere.acme.example/callback"])
    page = browser.submit(on_the_way, press="Cancel")
    assert page.status_code == 400 and "notebook.acme.example/callback?" not in page.text


def test_it_counts_no_longer_among_those_that_wait(app, notebook, browser):
    for _ in range(MOST_OF_NETWORK):
        other = Browser(app)
        page = notebook.start(other)
    other.submit(page, press="Cancel")
    assert "sent_along" not in notebook.start(browser).request.url


def test_a_request_with_something_wrong_tells_the_app_that(notebook, browser):
    page = browser.submit(notebook.start(browser, scope="memories:fly"), press="Cancel")
    assert way_back_of(page)["error"] == "invalid_scope"
