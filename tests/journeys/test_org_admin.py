"""The org admin's promise: register an app, get working credentials, and see it used, without asking anybody."""

from authlib.integrations.requests_client import OAuth2Session

from tests.journeys.walk import ALICE, BOB, allow, enter, follow


def test_an_app_registered_on_the_dashboard_works_the_first_time(server, demonstration, callback, page, chromium):
    # Bob registers the app; a wrong address is explained before it is accepted.
    enter(page, server, BOB)
    page.goto(server.url + "/org/oauth/")
    follow(page.get_by_role("button", name="Register another app"))
    page.get_by_label("Name", exact=True).fill("Acme Lens")
    page.get_by_label("Description").fill("Finds what you once read.")
    page.get_by_label("Landing page").fill("https://lens.acme.example")
    page.get_by_role("radio", name="Confidential").check()
    page.get_by_label("Redirect URIs").fill("https://lens.acme.example/*")
    page.get_by_role("checkbox", name="memories:read").check()
    follow(page.get_by_role("button", name="Register the app"))
    assert "wildcards are not allowed" in page.locator("main").inner_text()
    page.get_by_label("Redirect URIs").fill(callback.url)
    follow(page.get_by_role("button", name="Register the app"))

    # The secret is shown once.
    client_id = page.locator("#client-id").inner_text()
    client_secret = page.locator("#client-secret").inner_text()
    assert client_secret.startswith("rlq_cs_")
    follow(page.get_by_role("button", name="I have copied it"))
    assert client_secret not in page.content()
    assert client_secret[-4:] in page.content()

    # And an ordinary library gets a token with what Bob copied.
    session = OAuth2Session(client_id, client_secret, redirect_uri=callback.url, scope="memories:read profile")
    url, _state = session.create_authorization_url(f"{server.url}/oauth/authorize")
    alices = chromium.new_context(locale="en-GB").new_page()
    allow(alices, url, email=ALICE, password=demonstration.passwords[ALICE], mementos=("Recipes",))
    session.fetch_token(f"{server.url}/oauth/token", authorization_response=callback.last_url())
    assert session.get(f"{server.url}/api/me/").json()["email"] == ALICE
    alices.context.close()
