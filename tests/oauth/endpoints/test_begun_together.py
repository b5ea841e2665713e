"""Two requests that a new browser begins at the very same moment both live, and are for that browser alone."""

import re

import pytest
from werkzeug.http import parse_cookie

from tests.actors import Browser

BASE = "http://127.0.0.1:8000"


def begin(browser, integrator, **changes):
    """Ask to authorize, and keep what the answer would do to the browser apart."""
    blank = browser.client.application.test_client()
    for name, value in held(browser).items():
        blank.set_cookie(name, value, domain="127.0.0.1")
    return blank.get(integrator.authorize_url(**changes), base_url=BASE)


def held(browser) -> dict[str, str]:
    cookies = browser.client._cookies or {}
    return {cookie.key: cookie.value for cookie in cookies.values()}


def receive(browser, response) -> None:
    """Let the browser take the cookies of an answer, in the order in which answers come."""
    for line in response.headers.getlist("Set-Cookie"):
        ((name, value),) = parse_cookie(line.split(";")[0]).items()
        if "Max-Age=0" in line:
            browser.client.delete_cookie(name, domain="127.0.0.1")
        else:
            browser.client.set_cookie(name, value, domain="127.0.0.1")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_both_tabs_of_a_fresh_browser_can_be_answered(notebook, pocket, browser, alice, order):
    """Each answer brings a nonce for the browser, and only the later one stays."""
    answers = [begin(browser, notebook), begin(browser, pocket)]
    for index in order:
        receive(browser, answers[index])
    for integrator, answer in zip((notebook, pocket), answers, strict=True):
        page = browser.get(answer.location)
        if page.status_code == 200:
            page = browser.submit(page, email=alice.email, password=alice.password)
        page = browser.follow(page)
        assert page.request.path == "/oauth/authorize/mementos", page.text
        page = browser.follow(browser.submit(page, press="Continue", selection="none"))
        assert "code" in integrator.answer(browser.submit(page, press="Authorize"))


def test_eight_at_once_can_all_be_answered(notebook, browser, alice):
    answers = [begin(browser, notebook, state=f"state-{number}") for number in range(8)]
    for answer in answers:
        receive(browser, answer)
    browser.enter(alice)
    for answer in answers:
        waiting = browser.follow(browser.get(answer.location))
        assert waiting.status_code == 200, waiting.status


def test_a_browser_that_is_known_gets_no_further_cookie(notebook, pocket, browser):
    """Headers stay small: the cookies of their own are for the first requests of a browser alone."""
    notebook.start(browser)
    assert "Set-Cookie" not in browser.get(pocket.authorize_url()).headers.getlist("Set-Cookie")
    assert sum(name.startswith("reliquary_browser") for name in held(browser)) == 2


def test_the_cookie_of_a_request_goes_with_the_answer(notebook, browser, alice):
    page = notebook.start(browser)
    (own,) = [name for name in held(browser) if re.fullmatch(r"reliquary_browser_[0-9a-f]{16}", name)]
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert own in held(browser)
    browser.submit(page, press="Authorize")
    assert own not in held(browser)


def test_the_cookie_of_a_request_lives_no_longer_than_the_request(notebook, browser):
    lines = browser.get(notebook.authorize_url()).headers.getlist("Set-Cookie")
    (own,) = [line for line in lines if line.startswith("reliquary_browser_")]
    for told in ("Max-Age=3600", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert told in own
    assert "Domain" not in own


def test_over_https_it_is_secure_and_for_this_host_alone(notebook, browser, publish_issuer):
    publish_issuer("https://id.acme.example")
    response = browser.client.get(notebook.authorize_url(), base_url="https://id.acme.example")
    (own,) = [line for line in response.headers.getlist("Set-Cookie") if "reliquary_browser_" in line]
    assert own.startswith("__Host-") and "Secure" in own and len(own) < 250


def test_of_many_the_oldest_go(notebook, browser):
    """A browser whose one cookie is taken away again and again does not gather cookies without end."""
    for _ in range(20):
        browser.get(notebook.authorize_url())
        browser.client.delete_cookie("reliquary_browser", domain="127.0.0.1")
    assert len([name for name in held(browser) if name.startswith("reliquary_browser_")]) == 8


def test_a_cookie_of_one_request_opens_no_other(app, notebook, pocket, browser, alice):
    """Another browser that has begun something has a cookie, and it is not for this."""
    mine = notebook.start(browser)
    handle = mine.request.args["next"].split("request=")[1]
    other = Browser(app)
    other.enter(alice)
    pocket.start(other)
    page = other.get(f"/oauth/authorize/continue?request={handle}")
    assert page.status_code == 410
    # Not even under the name of the cookie that would be asked for.
    (own,) = [name for name in held(browser) if name.startswith("reliquary_browser_")]
    other.client.set_cookie(own, held(other)["reliquary_browser"], domain="127.0.0.1")
    assert other.get(f"/oauth/authorize/continue?request={handle}").status_code == 410
