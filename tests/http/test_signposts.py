"""Addresses that nobody was told of and everybody tries: each leads on, and none has an effect."""

import io
import re
from urllib.robotparser import RobotFileParser

import pytest
from PIL import Image

from app.guide.contents import PAGES
from tests.accounts.test_sign_in import is_signed_in
from tests.tables import each

#: address -> where it leads
LEADS = {
    "/login": "/sign-in",
    "/log-in": "/sign-in",
    "/signin": "/sign-in",
    "/sign_in": "/sign-in",
    "/signup": "/sign-up",
    "/sign_up": "/sign-up",
    "/logout": "/",
    "/log-out": "/",
    "/signout": "/",
    "/sign_out": "/",
    "/org": "/org/oauth/",
    "/docs": "/guide/",
    "/.well-known/change-password": "/account/settings/password/",
    "/guide/five-steps": "/guide/",
    "/guide/native-apps": "/guide/apps-and-addresses#native-apps",
    "/guide/scopes": "/guide/scopes-and-mementos#scopes",
    "/guide/refresh": "/guide/tokens#refresh",
}


@each(("address", "place"), LEADS.items())
def test_an_address_that_people_try_leads_to_what_they_mean(browser, address, place):
    for spelled in (address, address + "/"):
        answer = browser.get(spelled)
        assert (answer.status_code, answer.location) == (303, place), spelled
    assert browser.follow(answer).status_code == 200


@each("address", LEADS)
@pytest.mark.parametrize("query", ["", "?_external=1&_scheme=ftp&_anchor=x&slug=errors"])
def test_where_it_leads_does_not_depend_on_the_host(app, address, query):
    """Behind a proxy that replaces Host the address would be another's."""
    answer = app.test_client().get(address + query, base_url="http://evil.example")
    assert answer.location.startswith("/") and "evil" not in answer.location and "://" not in answer.location


def test_the_way_on_is_kept(browser):
    assert browser.get("/login?next=/account/apps/").location == "/sign-in?next=/account/apps/"
    page = browser.follow(browser.get("/guide/five-steps?type=public&language=python"))
    assert page.request.full_path == "/guide/?type=public&language=python"


def test_the_way_on_is_never_to_another_place(signed_in):
    signed_in_answer = signed_in.follow_once(signed_in.get("/login?next=https://evil.example/"))
    assert signed_in_answer.location == "/"


@each("address", ["/logout", "/log-out", "/signout", "/sign_out", "/sign-out"])
def test_a_get_signs_nobody_out(signed_in, address):
    """Anybody's page can make a browser send one."""
    for method in ("get", "head"):
        getattr(signed_in.client, method)(address, base_url="http://127.0.0.1:8000")
    assert is_signed_in(signed_in)


def test_who_wants_to_sign_out_finds_the_button(signed_in):
    page = signed_in.follow(signed_in.get("/logout"))
    assert page.request.path == "/account/sessions/"
    assert signed_in.submit(page, action="/sign-out").status_code == 303


def test_every_section_of_the_guide_is_found_by_its_name(browser):
    for page in PAGES:
        for anchor, _ in page.sections:
            if anchor not in {one.slug for one in PAGES}:
                assert browser.get(f"/guide/{anchor}").location == f"/guide/{page.slug}#{anchor}"
    assert browser.get("/guide/no-such-section").status_code == 404


# -- for browsers and crawlers -------------------------------------------------------------------


def test_the_icon_is_one(browser):
    answer = browser.get("/favicon.ico")
    assert (answer.status_code, answer.content_type) == (200, "image/vnd.microsoft.icon")
    assert Image.open(io.BytesIO(answer.data)).size == (48, 48)
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert "Set-Cookie" not in answer.headers


#: The pages that a search engine may show, and what is no page.
_CRAWLED = {"/", "/apps/", "/guide/", "/guide/<slug>", "/favicon.ico", "/robots.txt", "/static/<path:filename>", *LEADS}
_CRAWLED |= {"/llms.txt", *(f"/guide/{page.name}.md" for page in PAGES)}
_NO_PAGES = re.compile(r"/(\.well-known/.*|healthz|readyz)")


def test_a_crawler_reads_the_guide_and_leaves_everything_else_alone(app, browser):
    answer = browser.get("/robots.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    robots = RobotFileParser()
    robots.parse(answer.text.splitlines())
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and not _NO_PAGES.fullmatch(rule.rule):
            path = re.sub(r"<[^>]*>", "x", rule.rule)
            may = rule.rule in _CRAWLED and rule.rule != "/org"
            assert robots.can_fetch("*", path) is may, f"{rule.rule}: name it in _NOT_CRAWLED, or here."


# -- the first page ------------------------------------------------------------------------------


def test_the_first_page_leads_who_is_signed_in_to_their_account(signed_in):
    main = signed_in.get("/").text.split("<main")[1].split("</main>")[0]
    assert 'href="/account/"' in main
    assert signed_in.get("/account/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/sse", "/account/apps/nothing/at/all"])
def test_a_program_that_was_given_the_address_of_the_site_is_told_where_its_own_is(app, path):
    """Somebody gives it to their assistant, which shows what it was answered."""
    answer = app.test_client().post(path, json={"jsonrpc": "2.0", "id": 1, "method": "initialize"})
    assert answer.status_code in (404, 405) and "(MCP) is at /mcp" in answer.json["error_description"]
    assert ("Allow" in answer.headers) is (answer.status_code == 405)
    assert app.test_client().post(path, data={"a": "b"}).mimetype == "text/html"


@pytest.mark.parametrize("path", ["/oauth/authorize", "/authorize", "/api/v1/auth/oauth2/authorize/"])
def test_a_program_that_posts_to_authorize_is_told_how_that_is_asked(app, path):
    answer = app.test_client().post(path, json={"client_id": "x"})
    assert (answer.status_code, answer.json["error"]) == (405, "invalid_request")
    assert "by a link or a redirect, which is a GET" in answer.json["error_description"]
