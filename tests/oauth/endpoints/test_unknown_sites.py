"""Nobody is sent to a site that anybody may have registered, before they have decided (:rfc:`9700#section-4.11.2`)."""

import pytest

from app.clients.models import DOCUMENT, DYNAMIC
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403
from tests.unregistered import REDIRECT_URI, SCOPE, add_unregistered

WRONG = [{"prompt": "none"}, {"response_type": "token"}, {"scope": "nothing"}, {"resource": "https://nobody.example/"}]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("origin", [DYNAMIC, DOCUMENT])
def test_a_person_is_told_where_the_link_leads_and_is_not_sent_there(app, signed_in, origin, wrong):
    client_id = "client_1" if origin == DYNAMIC else "https://described.example/client.json"
    page = add_unregistered(app, client_id, "Claude Code", origin).start(signed_in, **wrong)
    assert 400 <= page.status_code < 500 and page.location is None
    assert "Tell it so: go to app.example.net" in page.text and "nobody has checked that" in page.text
    assert f'href="{REDIRECT_URI}?error=' in page.text


@pytest.mark.parametrize("wrong", WRONG)
def test_whoever_signs_in_on_the_way_is_not_sent_there_either(app, browser, alice, wrong):
    agent = add_unregistered(app, "client_1", "Claude Code", DYNAMIC)
    way_on = agent.start(browser, **wrong).request.args["next"]
    page = browser.follow(browser.sign_in(alice.email, alice.password, next=way_on))
    assert page.request.path == "/oauth/authorize/continue"
    assert page.location is None and "Tell it so" in page.text


@pytest.mark.parametrize(
    ("client_id", "origin", "uri"),
    [
        ("client_1", DYNAMIC, "http://127.0.0.1:3118/callback"),
        ("client_1", DYNAMIC, "com.example.agent:/callback"),
        ("https://claude.example/client.json", DOCUMENT, "https://api.claude.example/callback"),
    ],
)
def test_a_program_of_the_persons_and_a_site_that_is_proved_are_told_at_once(app, signed_in, client_id, origin, uri):
    add_unregistered(app, client_id, "Claude Code", origin, redirect_uris=[uri])
    page = Integrator(app, client_id, None, uri, SCOPE).start(signed_in, response_type="token")
    assert page.location.startswith(f"{uri}?error=unsupported_response_type")
