"""The five-step web flow of the documentation, between an honest client and a person's browser."""

import pytest


@pytest.mark.parametrize("kind", ["notebook", "pocket"])
def test_the_five_steps(request, browser, alice, kind):
    client = request.getfixturevalue(kind)
    # 1. The app redirects the user's browser, and the user signs in.
    page = client.start(browser, scope=None)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    # 2. The user chooses mementos, and authorizes.
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    # 3. The browser is redirected back, with a code and the state.
    answer = client.answer(browser.submit(page, press="Authorize"))
    assert answer["state"] == client.state
    # 4. The app exchanges the code.
    tokens = client.exchange(answer["code"]).json
    # 5. The app uses the API, and goes on when the access token has ended.
    assert client.me(tokens["access_token"]).json["email"] == alice.email
    renewed = client.refresh(tokens["refresh_token"]).json
    assert client.me(renewed["access_token"]).json["email"] == alice.email


def test_the_documented_paths_of_the_web_flow(notebook, signed_in):
    """``/api/v1/auth/oauth2/authorize/`` and ``…/token/``, as the integrators' guide names them."""
    code = notebook.code(signed_in, path="/api/v1/auth/oauth2/authorize/")
    tokens = notebook.exchange(code, path="/api/v1/auth/oauth2/token/").json
    assert notebook.me(tokens["access_token"], "/api/me/").status_code == 200
