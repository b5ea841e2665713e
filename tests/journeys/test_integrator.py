"""The integrator's promise: five steps, with nothing but an HTTP client, and it works the first time."""

import secrets

import requests

from tests.integrator import s256
from tests.journeys.walk import ALICE, authorize, choose, sign_in

_PATHS = {"authorize": "/api/v1/auth/oauth2/authorize/", "token": "/api/v1/auth/oauth2/token/"}


def test_five_steps_of_the_web_flow(server, demonstration, callback, page):
    app = demonstration.clients["Acme Notebook"]
    state, code_verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)

    # 1. Send the user to authorize.
    request = requests.Request(
        "GET",
        server.url + _PATHS["authorize"],
        params={
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": callback.url,
            "scope": "memories:read profile",
            "state": state,
            "code_challenge": s256(code_verifier),
            "code_challenge_method": "S256",
        },
    ).prepare()
    page.goto(request.url)
    sign_in(page, ALICE, demonstration.passwords[ALICE])

    # 2. The user picks mementos, and signs.
    choose(page, "Recipes")
    authorize(page)

    # 3. Back with a code.
    answer = callback.answer()
    assert answer["state"] == state
    assert answer["iss"] == server.url

    # 4. Exchange it.
    response = requests.post(
        server.url + _PATHS["token"],
        data={
            "grant_type": "authorization_code",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "code": answer["code"],
            "redirect_uri": callback.url,
            "code_verifier": code_verifier,
        },
        timeout=10,
    )
    assert response.status_code == 200, response.text
    tokens = response.json()
    assert len(tokens["authorization_details"]) == 1

    # 5. Call the API.
    me = requests.get(
        f"{server.url}/api/me/", headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10
    )
    assert me.status_code == 200
    assert me.json()["email"] == ALICE
    assert me.json()["consent"]["authorization_details"] == tokens["authorization_details"]
