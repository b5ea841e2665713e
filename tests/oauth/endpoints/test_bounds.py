"""What strangers send is kept within bounds that we know, and nobody is kept out by it."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from msgspec import structs
from sqlalchemy import func, select

from app import scopes
from app.extensions import db
from app.limits.table import UNSIGNED_REQUESTS
from app.oauth.authorization_request import MOST_OF_NETWORK, MOST_OF_PERSON, AuthorizationRequest
from tests.actors import Browser
from tests.tables import each


@pytest.fixture
def rows(app):
    def rows() -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(AuthorizationRequest))

    return rows


@pytest.fixture
def crowd(app, notebook):
    """Strangers of one network who begin requests and never sign in."""

    def begin(count: int, address: str = "127.0.0.1") -> None:
        for number in range(count):
            Browser(app, address=address).get(notebook.authorize_url(state=f"state-{number}"))

    return begin


# -- requests that nobody signs in for ---------------------------------------------------------------------


def test_a_hundred_requests_of_strangers_are_few_rows(rows, crowd):
    crowd(100)
    assert rows() == MOST_OF_NETWORK


def test_another_network_has_its_own(app, rows, crowd, notebook):
    crowd(100)
    crowd(1, address="198.51.100.7")
    assert rows() == MOST_OF_NETWORK + 1


def test_strangers_who_come_at_once_are_few_rows_too(app, rows, crowd, notebook):
    """Each would count before the others have written."""
    crowd(MOST_OF_NETWORK - 2, address="192.0.2.1")
    url, together = notebook.authorize_url(), Barrier(10)

    def begin(_):
        client = app.test_client()
        together.wait(30)
        return client.get(url, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code

    with ThreadPoolExecutor(10) as threads:
        assert set(threads.map(begin, range(10))) == {303}
    assert 0 < rows() <= MOST_OF_NETWORK


def test_of_all_networks_so_many_wait_and_others_are_sent_along(
    app, rows, crowd, notebook, browser, alice, monkeypatch
):
    monkeypatch.setattr(
        "app.oauth.authorization_request.bounds.UNSIGNED_REQUESTS", structs.replace(UNSIGNED_REQUESTS, most=5)
    )
    for number in range(10):
        crowd(1, address=f"198.51.100.{number}")
    assert rows() == 5
    page = notebook.start(browser)
    assert page.request.args["next"].startswith("/oauth/authorize?")
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


def test_one_customer_of_ipv6_is_one_network(rows, crowd):
    for number in range(MOST_OF_NETWORK + 5):
        crowd(1, address=f"2001:db8:1:2::{number:x}")
    assert rows() == MOST_OF_NETWORK


def test_what_has_expired_makes_room(rows, crowd, let_time_pass):
    crowd(100)
    let_time_pass(minutes=11)
    crowd(100)
    assert rows() == MOST_OF_NETWORK


def test_a_person_behind_the_same_address_is_let_in_all_the_same(notebook, browser, alice, crowd):
    """The request travels along in the address of the sign-in page, and begins anew behind it."""
    crowd(MOST_OF_NETWORK)
    page = notebook.start(browser, state="a b&c=%d+\u00e9")
    assert page.request.path == "/sign-in"
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    answer = notebook.answer(browser.submit(page, press="Authorize"))
    assert answer["state"] == "a b&c=%d+\u00e9"
    assert notebook.exchange(answer["code"]).status_code == 200


def test_and_so_is_who_has_to_sign_up_first(notebook, browser, crowd):
    crowd(MOST_OF_NETWORK)
    page = notebook.start(browser)
    sign_up = next(path for path in page.text.split('"') if path.startswith("/sign-up")).replace("&amp;", "&")
    page = browser.finish_sign_up(browser.get(sign_up), "dora@home.example", password="the password of D.D.")
    assert browser.follow(page).request.path == "/oauth/authorize/mementos"


def test_nobody_is_pushed_out_by_a_crowd(notebook, browser, alice, crowd):
    page = notebook.start(browser)
    crowd(100)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


@each("prompt", ["login", "login consent", "select_account", "consent"])
def test_who_is_asked_to_sign_in_does_so_once(notebook, browser, alice, crowd, prompt):
    crowd(MOST_OF_NETWORK)
    page = notebook.start(browser, prompt=prompt)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


def test_who_is_signed_in_and_must_sign_in_again_does_so(notebook, browser, alice, crowd, rows):
    """``prompt=login`` waits for somebody, too, and is counted with those."""
    browser.enter(alice)
    for _ in range(MOST_OF_NETWORK + 5):
        page = notebook.start(browser, prompt="login")
        assert page.request.path == "/sign-in"
    assert rows() == MOST_OF_NETWORK
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/oauth/authorize/mementos"


def test_the_sign_in_on_the_way_may_lead_to_the_app_in_this_browser_alone(app, notebook, browser, crowd):
    crowd(MOST_OF_NETWORK)
    page = notebook.start(browser)
    assert "form-action" not in page.headers["Content-Security-Policy"]
    sent = f"/sign-in?next={quote(page.request.args['next'], safe='')}"
    assert "form-action 'self'" in Browser(app).get(sent).headers["Content-Security-Policy"]
    forged = sent.replace("state", "stage")
    assert "form-action 'self'" in browser.get(forged).headers["Content-Security-Policy"]


def test_one_that_is_too_long_for_an_address_says_to_sign_in_first(notebook, browser, alice, crowd):
    crowd(MOST_OF_NETWORK)
    page = notebook.start(browser, state="é" * 1000)
    assert (page.status_code, "Please sign in first" in page.text) == (429, True)
    browser.enter(alice)
    assert notebook.start(browser, state="é" * 1000).request.path == "/oauth/authorize/mementos"


def test_what_one_row_keeps_of_a_stranger_is_short(notebook, browser, alice, rows):
    page = notebook.start(browser, state="x" * 4000, code_challenge="y" * 4000, code_challenge_method="z" * 4000)
    assert (page.status_code, rows()) == (429, 0)
    browser.enter(alice)
    assert "error" in notebook.answer(notebook.start(browser, state="x" * 4000, code_challenge="y" * 4000))


def test_what_travels_along_is_checked_like_any_other(notebook, browser, alice, crowd):
    crowd(MOST_OF_NETWORK)
    page = notebook.start(browser, scope="unknown")
    answer = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert notebook.answer(answer)["error"] == "invalid_scope"


# -- requests of people -----------------------------------------------------------------------------------


def test_of_one_person_the_last_requests_are_kept(notebook, browser, alice, rows):
    browser.enter(alice)
    for number in range(MOST_OF_PERSON + 20):
        page = notebook.start(browser, state=f"state-{number}")
    assert rows() == MOST_OF_PERSON
    assert browser.get(page.request.full_path).status_code == 200


def test_to_switch_again_and_again_gathers_nothing(notebook, browser, alice, rows):
    """A request that was given back is nobody's, and counts as such."""
    for _ in range(MOST_OF_NETWORK + 10):
        browser.enter(alice)
        browser.submit(notebook.start(browser), press="Not you? Switch account")
    assert rows() <= MOST_OF_NETWORK + MOST_OF_PERSON
    page = notebook.start(browser)
    assert page.request.path == "/sign-in"
    assert parse_qs(urlsplit(page.request.url).query)["next"][0].startswith("/oauth/authorize?")


# -- memory -------------------------------------------------------------------------------------------------


def test_what_was_parsed_is_kept_of_known_names_alone():
    """Any string may be sent as a scope; a cache by what is sent grew by 160 MB a process."""
    before = len(scopes._parsed), len(scopes._formatted)
    tracemalloc.start()
    for number in range(2_000):
        parsed = scopes.parse_scope(" ".join(f"s{number}-{name}" for name in range(20)))
        scopes.format_scope(parsed)
        scopes.reaches_memories(parsed)
        scopes.intersect_scope(f"memories:read x{number}", "memories:read")
        scopes.parse_scope(f"memories:read{' ' * (number % 500)} memories:write")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(scopes._parsed) <= before[0] + 8 and len(scopes._formatted) <= before[1] + 8
    assert kept < 200_000


@each(
    ("sent", "parsed"),
    [
        (None, set()),
        ("", set()),
        ("memories:read", {"memories:read"}),
        ("memories:read offline_access", {"memories:read"}),
        ("memories:read memories:read", {"memories:read"}),
        (" memories:read  x", {"memories:read", "x"}),
    ],
)
def test_a_scope_reads_the_same_the_second_time(sent, parsed):
    assert scopes.parse_scope(sent) == scopes.parse_scope(sent) == parsed
