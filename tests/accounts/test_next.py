"""``next``: back to where the person came from, and never to another site."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask_login import login_required

from app import create_app
from app.http.doors import PAGE
from tests.actors import Browser
from tests.tables import each

OURS = [
    "/",
    "/account",
    "/account?page=2&sort=name",
    "/oauth/authorize?client_id=c&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=a%26b%3Dc%2B%20d&scope=a%20b",
    "/a%0d%0aSet-Cookie:x=y",
    "/a%2f%2fevil.example",
    "/@evil.example",
    "/a//evil.example",
    "/a?next=https://evil.example",
]
NOT_OURS = [
    "",
    "account",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/account",
    "//evil.example@127.0.0.1:8000/",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/a\\b",
    "http:evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "//[evil",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "http://127.0.0.1:8000/account",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/\r\nLocation: https://evil.example",
    "/a\r\nSet-Cookie: x=y",
    "/\x00/evil.example",
    "\t//evil.example",
    " //evil.example",
    " /account",
    "/a b",
    "/\x7f/evil.example",
    "\x01https://evil.example",
]


class Links(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.append(dict(attributes)["href"])


def link(page, path: str) -> str:
    """The page's own link to a path, not the header's."""
    main = page.text.split("<main")[1]
    (found,) = (href for href in Links(main).found if urlsplit(href).path == path)
    return found


@each("target", OURS)
def test_sign_in_leads_to_a_path_of_ours_as_it_was_written(browser, alice, target):
    assert browser.sign_in(alice.email, alice.password, next=target).location == target


@each("target", NOT_OURS)
def test_sign_in_leads_nowhere_else(browser, alice, target):
    answer = browser.sign_in(alice.email, alice.password, next=target)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "x=y" not in answer.headers.getlist("Set-Cookie")


@pytest.fixture
def known(browser, alice) -> Browser:
    """A browser that she has signed in with."""
    browser.sign_in(alice.email, alice.password)
    return browser


@each(("path", "target"), [(path, target) for path in ("/sign-in", "/sign-up") for target in NOT_OURS])
def test_signed_in_person_is_led_nowhere_else(known, path, target):
    assert known.get(f"{path}?next={quote(target, safe='')}").location == "/"


@each("target", NOT_OURS)
def test_links_carry_nothing_else(browser, target):
    page = browser.get(f"/sign-in?next={quote(target, safe='')}")
    assert link(page, "/sign-up") == "/sign-up"


def test_bytes_that_are_no_text_lead_nowhere_bad(browser, alice):
    page = browser.get("/sign-in?next=/%FF%FE")
    answer = browser.submit(page, email=alice.email, password=alice.password)
    assert answer.status_code == 303
    assert answer.location.startswith("/%")


def test_next_that_is_sent_twice_counts_once(browser, alice):
    page = browser.get("/sign-in?next=/account&next=https://evil.example")
    assert browser.submit(page, email=alice.email, password=alice.password).location == "/account"


@each("target", OURS)
def test_next_survives_errors_and_both_links(browser, alice, target):
    page = browser.get(f"/sign-in?next={quote(target, safe='')}")
    page = browser.submit(page, email=alice.email, password="not the password")
    assert page.status_code == 400
    page = browser.get(link(page, "/sign-up"))
    page = browser.submit(page, email="x", name="", password="short")
    assert page.status_code == 400
    page = browser.get(link(page, "/sign-in"))
    assert browser.submit(page, email=alice.email, password=alice.password).location == target


def test_next_survives_sign_up(browser):
    target = "/oauth/authorize?state=a%26b"
    page = browser.get(link(browser.get(f"/sign-in?next={quote(target, safe='')}"), "/sign-up"))
    page = browser.submit(page, email="dora@example.com", name="", password="correct horse battery")
    answer = browser.finish_sign_up(page, "dora@example.com", password="correct horse battery")
    assert answer.location == target


# -- pages that need somebody --------------------------------------------------------------------


@pytest.fixture
def guarded(settings, app) -> Browser:
    """At an application with one more page, which is for signed-in people."""
    other = create_app(settings)
    other.add_url_rule("/guarded", "guarded", login_required(lambda: "inside"), methods=["GET", "POST"], door=PAGE)
    return Browser(other)


@each("query", ["", "?a=1&b=%26%2F+%20", "?state=%C3%A4", "?next=//evil.example"])
def test_stranger_is_asked_to_sign_in_and_comes_back(guarded, alice, query):
    asked = guarded.get("/guarded" + query)
    assert asked.status_code == 303
    assert parse_qs(urlsplit(asked.location).query)["next"] == ["/guarded" + query]
    page = guarded.get(asked.location)
    answer = guarded.submit(page, email=alice.email, password=alice.password)
    assert answer.location == "/guarded" + query
    assert guarded.get(answer.location).text == "inside"


def test_stranger_with_bytes_that_are_no_text_is_asked_too(guarded):
    answer = guarded.client.get("/guarded", environ_overrides={"QUERY_STRING": 'a=\xff\xfe"<>'})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query)["next"] == ["/guarded?a=%FF%FE%22%3C%3E"]


def test_form_of_a_stranger_comes_back_to_the_page_that_shows_it(guarded):
    token = guarded.get("/sign-in").text.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    answer = guarded.client.post("/guarded", base_url="http://127.0.0.1:8000", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/guarded")
    assert "Nothing was changed: you were signed out meanwhile." in guarded.get(answer.location).text
