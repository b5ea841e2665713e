"""Every address that a page of ours leads to answers, for somebody who is signed in and for somebody who is not."""

import re
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from werkzeug.exceptions import HTTPException

from app.demonstration import seeds
from app.extensions import db
from tests.actors import Browser
from tests.tables import each

_ISSUER = "http://127.0.0.1:8000"
_ADDRESS = re.compile(r"""\b(?:href|src)=["']([^"'#][^"']*)["']""")
#: Where something is sent to.
_TARGET = re.compile(r"""\b(?:action|formaction|data-count-url)=["']([^"']+)["']""")
#: Where a path is told rather than linked: ``<code>/api/me/</code>``. Of the app in the guide's example is /connect.
_TOLD = re.compile(r"<code>(/(?!connect<)[^<\s]*)</code>")


@pytest.fixture
def people(app) -> dict[str, dict]:
    """The demonstration's people by name, and what they keep."""
    with app.app_context():
        data = seeds.seed()
        db.session.commit()
    return {user["email"].split("@")[0]: user for user in data["users"]}


def walk(browser: Browser, starts: list[str], told: dict[str, int]) -> tuple[dict[str, tuple[int, set[str]]], set[str]]:
    """Each address that can be come to by links: how it answered, and the pages that name it. Nothing is sent.

    Beside them, the addresses that something would be sent to. ``told`` keeps what the addresses that know nobody
    answered: they are asked once, whoever comes to them.
    """
    found: dict[str, tuple[int, set[str]]] = {}
    targets: set[str] = set()
    waiting = [(start, "") for start in starts]
    while waiting:
        address, page = waiting.pop()
        if address in found:
            found[address][1].add(page)
            continue
        if address in told:
            found[address] = (told[address], {page})
            continue
        answer = browser.get(address)
        found[address] = (answer.status_code, {page})
        if not answer.location and not _knows_people(browser, address):
            told[address] = answer.status_code
        # What is streamed, such as an export, is read to its end.
        answer.get_data()
        if answer.location:
            waiting.append((_path(answer.location, address), address))
        elif answer.content_type.startswith("text/html") and answer.status_code == 200:
            named = _ADDRESS.findall(answer.text)
            # What the page of libraries tells are addresses within the reader's own app.
            named += [] if address.startswith("/guide/libraries") else _TOLD.findall(answer.text)
            targets |= {_path(unescape(one), address) for one in _TARGET.findall(answer.text)}
            waiting += [(path, address) for one in named if (path := _path(unescape(one), address))]
    return found, targets


def _knows_people(browser: Browser, address: str) -> bool:
    adapter = browser.client.application.url_map.bind("127.0.0.1")
    try:
        route, _ = adapter.match(urlsplit(address).path, return_rule=True)
    except HTTPException:
        return True
    return route.door.has_session


def _path(address: str, page: str) -> str:
    """The path of an address that a page names; empty when it leads elsewhere."""
    parts = urlsplit(urldefrag(urljoin(_ISSUER + page, address))[0])
    if f"{parts.scheme}://{parts.netloc}" != _ISSUER or re.search(r"[…{}<]", parts.path):
        return ""
    # One page for each path: of lists and filters nothing but the first is looked at.
    query = parts.query if parts.path == "/oauth/authorize" else ""
    return parts.path + (f"?{query}" if query else "")


@pytest.fixture
def told() -> dict[str, int]:
    """How the addresses answer that answer everybody alike; for all lines of the table."""
    return {}


@each("who", ["nobody", "alice", "bob", "carol"])
def test_every_address_that_a_page_names_answers(app, people, told, who):
    browser = Browser(app)
    if who != "nobody":
        browser.sign_in(people[who]["email"], people[who]["password"])
    found, targets = walk(browser, ["/", "/guide/", "/account/", "/org/oauth/", "/sign-in", "/sign-up"], told)
    # Some ask for a POST, or for a token.
    assert {address: told for address, told in found.items() if told[0] not in (200, 302, 303, 401, 405)} == {}
    assert len(found) > (15 if who == "nobody" else 30)
    adapter = app.url_map.bind("127.0.0.1")
    for target in targets:
        assert adapter.test(urlsplit(target).path, "POST") or found[target], target
