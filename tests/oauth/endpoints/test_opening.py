"""A pushed request at the authorize endpoint (:rfc:`9126#section-4`): opened once, by its client's person, in one browser."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from app import clock, credentials
from app.clients.models import DOCUMENT, DYNAMIC
from app.extensions import db
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.endpoints import opening
from app.oauth.refusals.page import SPENT_LINK
from tests.actors import Browser
from tests.integrator import Integrator
from tests.oauth.endpoints.authorization_requests import PATHS
from tests.tables import each
from tests.unregistered import REDIRECT_URI, add_unregistered

PREFIX = "urn:ietf:params:oauth:request_uri:"
CHOICE = {"selection": "all"}


@pytest.fixture
def stranger(app) -> Browser:
    """Somebody's browser, in which nobody has signed in."""
    return Browser(app)


@pytest.fixture
def opened(signed_in):
    """Open a pushed request in Alice's browser, and follow."""

    def opened(url: str, browser: Browser = signed_in):
        return browser.follow(browser.get(url))

    return opened


@pytest.fixture
def row(app):
    """The one request that is kept."""

    def row() -> AuthorizationRequest:
        with app.app_context():
            return db.session.scalars(select(AuthorizationRequest)).one()

    return row


def allow(browser: Browser, client, page):
    page = browser.follow(browser.submit(page, press="Continue", **CHOICE))
    return client.answer(browser.submit(page, press="Authorize"))


def assert_spent(response) -> None:
    """A page for people: true, with what to do, and nothing of the request."""
    assert (response.status_code, response.mimetype) == (SPENT_LINK.status, "text/html")
    assert "This link does not work" in response.text and "start again" in response.text
    assert "Location" not in response.headers and "notebook.acme.example" not in response.text


# -- the whole way -----------------------------------------------------------------------------------


@each("path", PATHS)
def test_it_leads_to_the_tokens_at_every_path(notebook, signed_in, opened, path):
    answer = allow(signed_in, notebook, opened(notebook.pushed_url(path)))
    assert answer["state"] == notebook.state
    assert notebook.exchange(answer["code"]).status_code == 200


def test_public_client_and_a_person_who_has_to_sign_in(pocket, stranger, alice, opened):
    page = opened(pocket.pushed_url(), stranger)
    assert page.request.path == "/sign-in" and "Acme Pocket" in page.text
    page = stranger.follow(stranger.submit(page, email=alice.email, password=alice.password))
    assert pocket.exchange(allow(stranger, pocket, page)["code"]).status_code == 200


def test_what_was_allowed_before_needs_no_screen(notebook, signed_in, opened):
    notebook.code(signed_in)
    code = notebook.answer(opened(notebook.pushed_url()))["code"]
    assert notebook.exchange(code).status_code == 200


def test_client_that_registered_itself(app, signed_in, opened):
    robot = add_unregistered(app, "client_" + "0" * 24, "Robot", DYNAMIC)
    page = signed_in.submit(opened(robot.pushed_url()), press="Continue", **CHOICE)
    code = robot.answer(signed_in.submit(signed_in.follow(page), press="Authorize"))["code"]
    assert robot.exchange(code).status_code == 200


def test_client_that_a_document_describes(app, signed_in, stranger, opened):
    """Once it is known: nobody who pushes has anything fetched."""
    url = "https://agent.example/client.json"
    unknown = Integrator(app, url, None, REDIRECT_URI, "memories:read")
    assert unknown.push().json["error"] == "invalid_client"
    agent = add_unregistered(app, url, "Agent", DOCUMENT)
    assert opened(agent.pushed_url(), stranger).request.path == "/sign-in"
    page = signed_in.submit(opened(agent.pushed_url()), press="Continue", **CHOICE)
    code = agent.answer(signed_in.submit(signed_in.follow(page), press="Authorize"))["code"]
    assert agent.exchange(code).status_code == 200


def test_only_what_was_pushed_counts(notebook, signed_in, opened):
    """:rfc:`9101#section-6.3`: parameters beside the reference are ignored, whatever they say."""
    uri = notebook.push(scope="memories:read").json["request_uri"]
    beside = {
        "scope": "memories:write",
        "redirect_uri": "https://elsewhere.example/",
        "state": ["a", "b"],
        "response_type": "token",
        "prompt": "none",
        "code_challenge": "x" * 43,
        "request": "e30.e30.",
        "pushed": "1",
    }
    answer = allow(signed_in, notebook, opened(notebook.named_url(uri, **beside)))
    assert answer["state"] == notebook.state
    assert notebook.exchange(answer["code"]).json["scope"] == "memories:read"


@each("name", ["browser", "reliquary_cookie", "request", "handle"])
def test_no_name_of_the_apps_own_is_taken_for_one_of_ours(notebook, stranger, opened, name):
    """Also in a browser that is new here."""
    url = notebook.named_url(notebook.push().json["request_uri"], **{name: "new"})
    assert opened(url, stranger).request.path == "/sign-in"


def test_state_of_any_letters_comes_back_to_the_letter(notebook, signed_in, opened):
    state = "ä&=+ %/\r\n\U0001f600"
    assert allow(signed_in, notebook, opened(notebook.pushed_url(state=state)))["state"] == state


# -- one browser -------------------------------------------------------------------------------------


def test_same_browser_may_come_again_and_is_where_it_was(notebook, signed_in, opened):
    url = notebook.pushed_url()
    page = opened(url)
    signed_in.submit(page, press="Continue", selection="none")
    again = opened(url)
    assert again.request.path == "/oauth/authorize/consent"
    assert "code" in notebook.answer(signed_in.submit(again, press="Authorize"))


def test_it_may_come_again_after_the_cookie_of_all_requests_was_replaced(notebook, pocket, stranger, opened):
    """In two tabs at once each answer brings a nonce, and the later one is kept."""
    url = notebook.pushed_url()
    opened(url, stranger)
    stranger.client.set_cookie("reliquary_browser", credentials.BROWSER + "1" * 64, domain="127.0.0.1")
    assert opened(url, stranger).request.path == "/sign-in"


def test_what_was_answered_says_so_in_its_browser(notebook, signed_in, opened, let_time_pass):
    url = notebook.pushed_url()
    allow(signed_in, notebook, opened(url))
    for minutes in (0, 11):
        let_time_pass(minutes=minutes)
        page = opened(url)
        assert page.status_code == 410 and "already answered" in page.text


def test_another_browser_cannot_open_it(app, notebook, alice, opened):
    url, other = notebook.pushed_url(), Browser(app)
    opened(url, other)
    assert_spent(opened(url))


def test_neither_can_one_that_comes_after_the_answer(app, notebook, signed_in, opened, carol):
    url, other = notebook.pushed_url(), Browser(app)
    allow(signed_in, notebook, opened(url))
    other.enter(carol)
    assert_spent(opened(url, other))


def test_its_screens_do_not_open_before_it_was_opened(notebook, signed_in, row):
    handle = notebook.push().json["request_uri"].removeprefix(PREFIX)
    notebook.start(signed_in, prompt="consent")
    for step in ("continue", "mementos", "consent", "account"):
        page = signed_in.get(f"/oauth/authorize/{step}?request={handle}")
        assert page.status_code == 410 and "has expired" in page.text


def test_answer_that_was_lost_on_its_way_to_a_new_browser_uses_nothing_up(app, notebook, row):
    """Only a browser that has shown its cookie is bound: else whoever reloads would be another one."""
    url = notebook.pushed_url()
    lost = Browser(app)
    response = lost.get(url)
    assert response.status_code == 303 and response.headers["Set-Cookie"].startswith("reliquary_browser=")
    assert row().browser_digest is None
    browser = Browser(app)
    assert browser.follow(browser.get(url)).request.path == "/sign-in"
    assert row().browser_digest is not None


def test_browser_without_cookies_is_told_so_and_uses_nothing_up(app, notebook, stranger, opened, row):
    """So does whatever follows links that somebody else was sent, as a mail scanner."""
    url = notebook.pushed_url()
    address = urlsplit(stranger.get(url).location)
    blind = app.test_client(use_cookies=False)
    page = blind.get(f"{address.path}?{address.query}")
    assert page.status_code == 400 and "takes no cookies" in page.text
    assert url.replace("&", "&amp;") in page.text
    assert row().browser_digest is None
    assert opened(url, stranger).request.path == "/sign-in"


def test_one_of_two_browsers_at_the_same_moment_wins(app, notebook, row, monkeypatch):
    """The row count of one UPDATE decides; see also ``test_races``."""
    url, quick, slow = notebook.pushed_url(), Browser(app), Browser(app)
    for browser in (quick, slow):
        browser.follow_once(browser.get(notebook.authorize_url()))
    find = opening._find

    def find_and_be_late(*given):
        found = find(*given)
        monkeypatch.setattr(opening, "_find", find)
        assert quick.get(url).status_code == 303
        return found

    monkeypatch.setattr(opening, "_find", find_and_be_late)
    assert_spent(slow.get(url))
    assert quick.follow(quick.get(url)).request.path == "/sign-in"


def test_who_looks_ahead_opens_nothing(notebook, signed_in, row):
    url = notebook.pushed_url()
    assert signed_in.client.head(url).status_code == 200
    assert signed_in.get(url, headers={"Sec-Purpose": "prefetch"}).status_code == 403
    assert signed_in.get(url, headers={"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert row().browser_digest is None


# -- in vain -----------------------------------------------------------------------------------------


@each("reference", ["rlq_pa_" + "0" * 64, "", "x", "rlq_ar_" + "0" * 64, "<script>", "\U0001f511", "\0", "a" * 5000])
def test_reference_of_nobody_is_a_page(notebook, signed_in, reference):
    response = signed_in.get(notebook.named_url(PREFIX + reference))
    if len(reference) > 4000 or "\0" in reference:
        # Nobody can tell which one is meant.
        assert response.status_code == 400 and "Location" not in response.headers
    else:
        assert_spent(response)


def test_handle_of_a_request_that_was_not_pushed_opens_nothing(notebook, signed_in):
    address = signed_in.get(notebook.authorize_url(prompt="consent")).location
    handle = parse_qs(urlsplit(address).query)["request"][0]
    assert_spent(signed_in.get(notebook.named_url(PREFIX + handle)))


def test_another_client_cannot_use_it(notebook, pocket, signed_in, row):
    """:rfc:`9126#section-2.2`: the request_uri is bound to the client that pushed."""
    uri = notebook.push().json["request_uri"]
    assert_spent(signed_in.get(pocket.named_url(uri)))
    assert row().browser_digest is None


def test_who_says_no_client_or_an_unknown_one_is_told_so(notebook, signed_in):
    uri = notebook.push().json["request_uri"]
    for client_id in (None, "client_nobody"):
        page = signed_in.get(notebook.named_url(uri, client_id=client_id))
        assert page.status_code == 400 and "We do not know this app" in page.text


def test_it_expires(notebook, opened, let_time_pass):
    url = notebook.pushed_url()
    let_time_pass(seconds=601)
    assert_spent(opened(url))


def test_opening_renews_it_for_an_hour_at_most(notebook, signed_in, opened, let_time_pass, row):
    url = notebook.pushed_url()
    let_time_pass(seconds=590)
    page = opened(url)
    assert row().expires_at - clock.now() > timedelta(seconds=590)
    let_time_pass(seconds=590)
    assert "code" in allow(signed_in, notebook, page)


def test_two_references_are_refused(notebook, signed_in):
    page = signed_in.get(notebook.named_url([notebook.push().json["request_uri"]] * 2))
    assert page.status_code == 400 and "Location" not in page.headers
    assert "does not say clearly" in page.text


# -- replayed against today's data -------------------------------------------------------------------


def test_client_that_was_suspended_since_is_switched_off(notebook, opened, change_client, row):
    url = notebook.pushed_url()
    change_client(notebook, suspended_at=clock.now())
    assert "is switched off" in opened(url).text
    assert row().browser_digest is None


def test_redirect_uri_that_was_removed_since_is_not_redirected_to(notebook, signed_in, opened, change_client, stranger):
    url = notebook.pushed_url()
    change_client(notebook, redirect_uris=["https://elsewhere.example/"])
    for who in (stranger, signed_in):
        page = opened(url, who)
        assert (page.status_code, page.location) == (400, None) and "does not lead back" in page.text


def test_scope_that_was_taken_away_since_is_refused(notebook, opened, change_client):
    url = notebook.pushed_url()
    change_client(notebook, scope="memories:write")
    assert notebook.answer(opened(url))["error"] == "invalid_scope"


def test_client_that_was_deleted_since_is_unknown(notebook, opened, delete_client):
    url = notebook.pushed_url()
    delete_client(notebook)
    assert "We do not know this app" in opened(url).text


def test_rememberizers_path_demands_a_state(notebook, signed_in, stranger, alice, opened):
    """As always there, also for whoever has to sign in on the way."""
    url = notebook.pushed_url(PATHS[-1], state=None)
    assert notebook.answer(opened(url))["error"] == "invalid_request"
    page = opened(notebook.pushed_url(PATHS[-1], state=None), stranger)
    page = stranger.follow(stranger.submit(page, email=alice.email, password=alice.password))
    assert notebook.answer(page)["error"] == "invalid_request"
    assert "state" not in allow(signed_in, notebook, opened(notebook.pushed_url(state=None)))


# -- prompts -----------------------------------------------------------------------------------------


def test_who_signs_in_after_opening_has_done_what_login_asks(notebook, stranger, alice, opened, let_time_pass):
    url = notebook.pushed_url(prompt="login")
    stranger.enter(alice)
    let_time_pass(seconds=5)
    page = opened(url, stranger)
    assert page.request.path == "/sign-in"
    let_time_pass(seconds=5)
    page = stranger.follow(stranger.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


def test_prompts_are_kept(notebook, signed_in, opened, let_time_pass):
    notebook.code(signed_in)
    assert opened(notebook.pushed_url(prompt="consent")).status_code == 200
    let_time_pass(seconds=5)
    assert "Go on as" in opened(notebook.pushed_url(prompt="select_account")).text


def test_cancelling_before_the_sign_in_ends_it(notebook, stranger, opened, row):
    page = opened(notebook.pushed_url(), stranger)
    page = stranger.submit(page, press="Cancel")
    assert page.status_code == 200 and "Nothing was shared" in page.text
    assert row().consumed_at is not None


# -- requests that are kept elsewhere ----------------------------------------------------------------


ELSEWHERE = {"request_uri": "https://notebook.acme.example/request.jwt"}


def test_request_that_is_kept_elsewhere_is_not_fetched(notebook, signed_in):
    """:rfc:`9101#section-5.2` is not offered here; what else the address says leads the error back."""
    answer = notebook.answer(notebook.start(signed_in, **ELSEWHERE))
    assert (answer["error"], answer["state"]) == ("request_uri_not_supported", notebook.state)


def test_without_an_address_to_go_back_to_it_is_a_page(notebook, signed_in):
    page = signed_in.get(notebook.named_url(ELSEWHERE["request_uri"]))
    assert page.status_code == 400 and "kept elsewhere" in page.text and "Location" not in page.headers


def test_request_object_is_ignored_at_authorize_as_ever(notebook, signed_in):
    assert "code" in notebook.authorize(signed_in, request="e30.e30.")


# -- who must push -----------------------------------------------------------------------------------


@pytest.fixture
def pushing(notebook, change_client):
    """Acme Notebook, which pushes each of its requests."""
    change_client(notebook, require_pushed=True)
    return notebook


def test_client_that_must_push_is_refused_what_it_did_not(pushing, signed_in):
    """:rfc:`9126#section-4`: the server refuses, using ``invalid_request``."""
    answer = pushing.answer(pushing.start(signed_in))
    assert answer["error"] == "invalid_request" and "/oauth/par" in answer["error_description"]


def test_it_is_refused_also_what_it_says_was_pushed(pushing, signed_in):
    assert pushing.answer(pushing.start(signed_in, pushed="1"))["error"] == "invalid_request"


def test_it_is_refused_what_was_allowed_before(notebook, signed_in, change_client):
    notebook.code(signed_in)
    change_client(notebook, require_pushed=True)
    assert notebook.answer(notebook.start(signed_in))["error"] == "invalid_request"


def test_it_is_answered_what_it_pushed(pushing, signed_in, opened):
    assert "code" in allow(signed_in, pushing, opened(pushing.pushed_url()))
    assert "code" in pushing.answer(opened(pushing.pushed_url()))


def test_what_waits_since_before_is_refused_too(notebook, signed_in, change_client):
    page = notebook.start(signed_in)
    change_client(notebook, require_pushed=True)
    assert notebook.answer(signed_in.submit(page, press="Continue", **CHOICE))["error"] == "invalid_request"


def test_nobody_marks_a_request_as_pushed_but_the_endpoint(app, notebook, signed_in, change_client):
    notebook.start(signed_in, pushed="1", state_demanded="1")
    with app.app_context():
        kept = json.loads(db.session.scalars(select(AuthorizationRequest.parameters)).one())
        assert "pushed" not in kept
        db.session.execute(update(AuthorizationRequest).values(expires_at=clock.now()))
