"""The apps' journeys: from the link to the tokens, by a document, a registration, and the addresses that others expect."""

import json
import os
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.demonstration.pocket import wire
from app.demonstration.seeds import seed
from app.extensions import db
from tests.integrator import Integrator
from tests.personal.conftest import post
from tests.robustness.statements.journeys import draw_png, journey
from tests.signing import SigningKey

#: What the memory server for agents answers itself, if only with what to send instead.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@journey("oauth.authorize GET", "documented.authorize GET", "oauth.continue_authorization GET", "oauth.choose_mementos GET",
         "oauth.save_mementos POST", "oauth.decide GET", "oauth.record_decision POST", "oauth.show_account GET",
         "oauth.choose_account POST", "oauth.switch_account POST", "oauth.token POST", "documented.token POST",
         "oauth.introspect POST", "oauth.revoke POST", "accounts.sign_in POST", "api.me GET",
         "oauth.cancel_before_sign_in POST", "oauth.wait POST", "oauth.push_request POST")  # fmt: skip
def test_the_whole_protocol(app, browser, alice, notebook, pocket, failing):
    page = notebook.start(browser)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert post(browser, page.request.full_path.replace("/mementos", "/wait")).status_code == 204
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    code = notebook.answer(browser.submit(page, press="Authorize"))["code"]
    tokens = notebook.exchange(code).json
    # It is the honest answer: a code that is redeemed once more would have ended them.
    assert notebook.introspect(tokens["access_token"]).json["active"] is True
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert notebook.me(renewed["access_token"]).status_code == 200
    assert notebook.client_credentials().status_code == 200
    # What was allowed before needs no screen.
    assert "code" in notebook.answer(notebook.start(browser))
    again = notebook.exchange(notebook.answer(notebook.start(browser, "/api/v1/auth/oauth2/authorize/"))["code"],
                              "/api/v1/auth/oauth2/token/")  # fmt: skip
    assert again.status_code == 200
    assert notebook.revoke(renewed["refresh_token"]).status_code == 200
    assert notebook.introspect(renewed["access_token"]).json["active"] is False
    # A code that comes back ends what came of it, although the answer is an error.
    assert notebook.exchange(code).status_code == 400

    page = pocket.start(browser, prompt="select_account")
    page = browser.follow(browser.submit(page, press=f"Go on as {alice.name}"))
    page = browser.submit(page, press="Not you? Switch account")
    assert page.status_code == 303
    page = browser.submit(browser.follow(page), email=alice.email, password=alice.password)
    page = browser.submit(browser.follow(page), press="Continue", selection="none")
    page = browser.submit(browser.follow(page), press="Cancel")
    assert pocket.answer(page)["error"] == "access_denied"
    browser.sign_out()
    assert "Nothing was shared" in browser.submit(pocket.start(browser), press="Cancel").text
    for client in (notebook, pocket):
        page = browser.follow(browser.get(client.pushed_url()))
    assert "Nothing was shared" in browser.submit(page, press="Cancel").text


@journey("oauth.device_authorization POST", "device.enter_code GET", "device.find_device POST", "device.show_end GET",
         "oauth.token POST", "accounts.sign_in POST")  # fmt: skip
def test_a_device(browser, alice, register, failing):
    app = register(device_flow=True)
    for press, status in (("Cancel", 400), ("Authorize", 200)):
        asked = app.post("/oauth/device_authorization", {}).json
        poll = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": asked["device_code"]}
        assert app.post("/oauth/token", poll).json["error"] in ("authorization_pending", "slow_down")
        page = browser.follow(browser.get("/device"))
        if "/sign-in" in page.request.path:
            page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
        page = browser.follow(browser.submit(page, action="/device", user_code=asked["user_code"]))
        page = browser.follow(browser.submit(page, press="Continue", selection="all"))
        assert browser.follow(browser.submit(page, press=press)).status_code == 200
        assert app.post("/oauth/token", poll).status_code == status
    # What is redeemed twice ends what came of it, although the answer is an error.
    assert app.post("/oauth/token", poll).json["error"] == "invalid_grant"


@journey("oauth.token POST", "oauth.introspect POST", "oauth.push_request POST")
def test_an_app_that_signs(register, failing):
    key = SigningKey()
    app = replace(register(jwks=json.dumps({"keys": [key.public]})), client_secret=None, signing_key=key)
    token = app.client_credentials(scope="memories:read").json["access_token"]
    assert app.introspect(token).json["active"] is True
    assert app.push().status_code == 201


@pytest.fixture
def with_demonstration(app, monkeypatch):
    """The demonstration's data; what Acme Pocket asks is answered by nobody: it is a program of its own."""
    with app.app_context():
        seed()
        db.session.commit()
    token = '{"access_token": "rlq_at_x", "refresh_token": "rlq_rt_x", "grant_id": "grant_x"}'
    monkeypatch.setattr(wire, "_exchange", lambda *call: (200, "OK", {}, token))


@journey(
    "pocket.show GET", "pocket.connect POST", "pocket.callback GET", "pocket.keep_note POST", "pocket.after_note GET",
    "pocket.forget POST",
)  # fmt: skip
def test_the_little_app(browser, with_demonstration, failing):
    asked = urlsplit(browser.submit(browser.get("/demonstration/"), press="Connect your memories").location)
    answer = urlencode({"code": "x", "state": parse_qs(asked.query)["state"][0], "iss": "http://127.0.0.1:8000"})
    page = browser.follow(browser.get(f"/demonstration/callback?{answer}"))
    assert browser.submit(page, press="Keep it in Reliquary", title="Rye", text="Flour.").status_code == 200
    page = browser.follow(browser.get("/demonstration/notes"))
    assert browser.submit(page, press="Let Acme Pocket forget you").status_code == 303


@journey("oauth.register POST", "aliases.register POST", "oauth.read_registration GET", "oauth.change_registration PUT",
         "oauth.end_registration DELETE", "security_txt.security_txt GET")  # fmt: skip
def test_an_app_that_registers_itself(app, failing):
    client = app.test_client()
    wanted = {
        "client_name": "Robot",
        "redirect_uris": ["http://127.0.0.1:8400/callback"],
        "token_endpoint_auth_method": "none",
    }
    assert client.post("/register", json=wanted).status_code == 201
    made = client.post("/oauth/register", json=wanted)
    assert made.status_code == 201, made.text
    path = urlsplit(made.json["registration_client_uri"]).path
    headers = {"Authorization": f"Bearer {made.json['registration_access_token']}"}
    assert client.get(path, headers=headers).status_code == 200
    changed = client.put(
        path, headers=headers, json=wanted | {"client_id": made.json["client_id"], "client_name": "R2"}
    )
    assert changed.status_code == 200, changed.text
    headers = {"Authorization": f"Bearer {changed.json.get('registration_access_token', headers['Authorization'][7:])}"}
    assert client.delete(path, headers=headers).status_code == 204
    client.get("/.well-known/security.txt")


@journey("aliases.authorize GET", "aliases.token POST", *(f"mcp.mcp {one}" for one in METHODS))
def test_the_addresses_that_others_expect(app, browser, alice, notebook, failing):
    """Of MCP only the check of the token: what follows is the API's operations."""
    browser.enter(alice)
    page = browser.submit(notebook.start(browser, "/authorize"), press="Continue", selection="all")
    code = notebook.answer(browser.submit(browser.follow(page), press="Authorize"))["code"]
    tokens = notebook.exchange(code, "/token").json
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json, text/event-stream"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for method in METHODS:
        sent = {"json": call} if method == "POST" else {}
        app.test_client().open("/mcp", method=method, headers=headers, **sent)


@pytest.mark.skipif(
    not os.environ.get("TEST_FLEET"), reason="make test-fleet walks it: its endpoints are on other ways"
)
@journey("oauth.authorize GET")
def test_an_app_that_a_document_describes(app, browser, alice, document_hosts, failing):
    url, uri = "https://agent.example/client.json", "http://127.0.0.1:8400/callback"
    document_hosts.serve(url, {"client_id": url, "redirect_uris": [uri], "logo_uri": "https://agent.example/logo.png"})
    document_hosts.serve("https://agent.example/logo.png", draw_png(), content_type="image/png")
    agent = Integrator(app, url, None, uri, "memories:read")
    page = agent.start(browser)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    code = agent.answer(browser.submit(page, press="Authorize"))["code"]
    tokens = agent.exchange(code).json
    assert agent.refresh(tokens["refresh_token"]).status_code == 200
