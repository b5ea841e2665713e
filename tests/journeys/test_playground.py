"""From registering to the first token with the playground alone, no terminal; and that what it shows as code is true."""

import json
import os
import subprocess
import sys
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.integrator import s256
from tests.journeys.walk import BOB, enter, follow


@pytest.fixture
def bob(page, server, demonstration):
    enter(page, server, BOB)
    page.goto(server.url + "/org/oauth/register")


@pytest.fixture
def outgoing(page, server) -> list:
    """Every request that the page makes from now on, to nobody but us."""
    requests = []
    page.on("request", lambda request: requests.append(request))
    yield requests
    assert all(request.url.startswith(server.url + "/") for request in requests)


def register_draft(page, name: str, type_: str) -> None:
    """Save an app of which nothing is known but what it is: no redirect URI, no homepage."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name=type_).check()
    page.get_by_role("checkbox", name="memories:read").check()
    follow(page.get_by_role("button", name="Save as a draft"))


def ask_and_decide(page) -> None:
    """Steps one to three, with a decision to be made."""
    follow(page.get_by_role("link", name="Go there as the user"))
    if "/mementos" in page.url:
        page.get_by_role("radio", name="Nothing yet").check()
        follow(page.get_by_role("button", name="Continue").last)
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("button", name="Exchange the code").wait_for()


def ask_again(page) -> None:
    """Steps one to three, straight back: what was allowed before covers it."""
    page.get_by_role("button", name="Begin again").click()
    page.get_by_role("checkbox", name="prompt=consent").uncheck()
    page.get_by_role("link", name="Go there as the user").click()
    page.get_by_role("button", name="Exchange the code").wait_for()


def is_accepted(page, server, client_id: str) -> bool:
    """Whether the authorize endpoint still takes the playground's callback, for Bob himself."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": f"{server.url}/org/oauth/{client_id}/playground/callback",
            "state": "x",
            "code_challenge": s256("v" * 43),
            "code_challenge_method": "S256",
            "prompt": "consent",
        }
    )
    return page.context.request.get(f"{server.url}/oauth/authorize?{query}").status == 200


def answer(page, step: str) -> dict:
    """The JSON of an answer that the page shows."""
    page.locator(f"#{step}-answer").wait_for()
    return json.loads(page.locator(f"#{step}-answer").inner_text().split("\n\n", 1)[1])


def test_a_draft_gets_its_first_token_in_the_playground_alone(server, bob, page, outgoing):
    register_draft(page, "Acme Lens", "Confidential")
    follow(page.get_by_role("link", name="Playground", exact=True))
    follow(page.get_by_role("button", name="Activate and open the playground"))
    client_id, secret = page.locator("#client-id").inner_text(), page.locator("#client-secret").inner_text()
    follow(page.get_by_role("button", name="Try it in the playground"))
    assert is_accepted(page, server, client_id)

    ask_and_decide(page)
    # Into a field for a password browsers fill in the one that they keep for this address: the person's own.
    assert page.locator("input[type=password]").count() == 0
    expect(page.get_by_label("Client secret")).to_have_css("-webkit-text-security", "disc")
    page.get_by_role("button", name="Exchange the code").click()
    token = answer(page, "token")
    page.get_by_role("button", name="Call the API").click()
    assert answer(page, "api")["name"] == "Bob Okafor"
    page.get_by_role("button", name="Refresh").click()
    assert answer(page, "refresh")["access_token"] != token["access_token"]

    # The secret went to the token endpoint and stood in no address, no form and no text of the page.
    assert secret not in page.locator("body").inner_text()
    assert all(secret not in request.url + (request.post_data or "") for request in outgoing)
    basic = [request for request in outgoing if request.headers.get("authorization", "").startswith("Basic ")]
    assert {request.url for request in basic} == {server.url + "/oauth/token"}

    follow(page.get_by_role("button", name="Finish"))
    assert "The playground is closed" in page.locator("main").inner_text()
    assert page.evaluate("sessionStorage.length") == 0
    assert not is_accepted(page, server, client_id)
    me = page.context.request.get(server.url + "/api/me/", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert me.status == 401


def test_a_public_app_needs_no_secret(server, bob, page, outgoing):
    register_draft(page, "Acme Beads", "Public")
    follow(page.get_by_role("link", name="Playground", exact=True))
    follow(page.get_by_role("button", name="Activate and open the playground"))

    ask_and_decide(page)
    page.get_by_role("button", name="Exchange the code").click()
    page.get_by_role("button", name="Call the API").click()
    assert answer(page, "api")["name"] == "Bob Okafor"
    assert not any("authorization" in request.headers for request in outgoing if request.url.endswith("/oauth/token"))

    # An answer that is cut off is none, and can be asked for again.
    page.evaluate(
        "() => { window.kept = fetch; window.fetch = async () => ({ text: async () => { throw new TypeError() } }) }"
    )
    page.get_by_role("button", name="Call the API").click()
    page.locator("#api-answer").get_by_text("No answer came.").wait_for()
    page.evaluate("() => { window.fetch = window.kept }")
    assert page.get_by_role("button", name="Call the API").is_enabled()

    # The same code once more ends all that came of it, and the page says what to do.
    page.get_by_role("button", name="Send it once more").click()
    page.get_by_text("It was used before").wait_for()
    assert answer(page, "token")["error"] == "invalid_grant"
    page.get_by_role("button", name="Call the API").click()
    page.locator("#api-advice").get_by_text("The access token has ended").wait_for()


def test_what_is_shown_as_code_does_the_same(server, demonstration, bob, page):
    notebook = demonstration.clients["Acme Notebook"]
    page.goto(f"{server.url}/org/oauth/{notebook.client_id}/playground")
    follow(page.get_by_role("button", name="Open the playground"))

    def code(name: str) -> str:
        return page.locator(f"#{name}").text_content()

    def run(*command: str) -> str:
        environment = {"PATH": os.environ["PATH"], "CLIENT_SECRET": notebook.client_secret}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True).stdout

    assert run("bash", "-c", code("authorize-curl")).startswith(f"303 {server.url}/sign-in?next=")
    assert f"client_id={notebook.client_id}" in run(sys.executable, "-c", code("authorize-python"))

    ask_and_decide(page)
    received = run("bash", "-c", code("callback-curl")).strip()
    assert received.startswith("rlq_ac_")
    assert run(sys.executable, "-c", code("callback-python")).strip() == received
    assert json.loads(run("bash", "-c", code("token-curl")))["token_type"] == "Bearer"

    ask_again(page)
    assert "rlq_at_" in run(sys.executable, "-c", code("token-python"))
    ask_again(page)
    page.get_by_role("radio", name="in the body").check()
    assert json.loads(run("bash", "-c", code("token-curl")))["token_type"] == "Bearer"

    # A wrong secret is explained; the right one then works.
    ask_again(page)
    page.get_by_label("Client secret").fill("rlq_cs_wrong")
    page.get_by_role("button", name="Exchange the code").click()
    page.get_by_text("could not prove itself").wait_for()
    page.get_by_label("Client secret").fill(notebook.client_secret)
    page.get_by_role("button", name="Send it again").click()
    page.get_by_role("button", name="Call the API").wait_for()
    assert json.loads(run("bash", "-c", code("api-curl")))["name"] == "Bob Okafor"
    assert "Bob Okafor" in run(sys.executable, "-c", code("api-python"))
    assert "rlq_at_" in run(sys.executable, "-c", code("refresh-python"))


def test_an_answer_that_is_wrong_goes_no_further(server, demonstration, bob, page):
    playground = f"{server.url}/org/oauth/{demonstration.clients['Acme Notebook'].client_id}/playground"
    page.goto(playground)
    follow(page.get_by_role("button", name="Open the playground"))
    exchange = page.get_by_role("button", name="Exchange the code")

    def come_back(state: str, issuer: str) -> None:
        page.goto(f"{playground}/callback?code=stolen&state={state}&iss={issuer}")
        page.wait_for_url(playground + "#step-3")
        page.get_by_role("heading", name="1. Send the user").wait_for()

    # Somebody else's answer, then one of another server.
    come_back("not-ours", server.url)
    page.get_by_text("so it was thrown away").wait_for()
    assert "stolen" not in page.content()
    assert not exchange.is_visible()
    come_back(page.locator("#state").inner_text(), "https://evil.example")
    page.get_by_text("Wrong: iss is not our issuer").wait_for()
    assert not exchange.is_visible()

    # And a person who says no.
    page.get_by_role("button", name="Begin again").click()
    follow(page.get_by_role("link", name="Go there as the user"))
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("You pressed Cancel").wait_for()
    assert not exchange.is_visible()
