import os
import secrets

import requests
from flask import Flask, abort, redirect, request, session
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

ISSUER = {{ quoted(issuer) }}
CLIENT_ID = {{ quoted(app.client_id) }}
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
REDIRECT_URI = {{ quoted(app.redirect_uri) }}
SCOPE = {{ quoted(app.scope) }}.split()

# A person may leave out an optional scope. Without this, the library takes that for an error.
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"
{% if not is_https -%}
# This server is on plain http, which the library allows only when told to. Never set it in production.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
{% endif %}
app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
# What each of your users holds. In earnest: a table of your database.
kept = {}


def keep(token):
    # A new refresh token has come, and the old one is spent.
    kept[session["user"]] = token


def open_session(**more):
    return OAuth2Session(
        CLIENT_ID,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        auto_refresh_url=f"{ISSUER}/oauth/token",
        auto_refresh_kwargs={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        token_updater=keep,
        **more,
    )


@app.get("/connect")
def connect():
    # pkce="S256" would keep the verifier in an object that is gone when the person comes back.
    oauth = open_session()
    session["verifier"] = secrets.token_urlsafe(48)
    challenge = oauth._client.create_code_challenge(session["verifier"], "S256")
    address, session["state"] = oauth.authorization_url(
        f"{ISSUER}/oauth/authorize", code_challenge=challenge, code_challenge_method="S256"
    )
    return redirect(address)


@app.get({{ quoted(app.callback_path) }})
def callback():
    # The library compares state and leaves this to you (RFC 9207).
    if request.args.get("iss") != ISSUER:
        abort(400)
    try:
        token = open_session(state=session.pop("state", secrets.token_hex())).fetch_token(
            f"{ISSUER}/oauth/token",
            authorization_response=request.url,
            client_secret=CLIENT_SECRET,
            code_verifier=session.pop("verifier", None),
        )
    except OAuth2Error as error:
        return {"error": error.error}, 400
    session["user"] = session.get("user") or secrets.token_hex(16)
    keep(token)
    return redirect("/me")


@app.get("/me")
def me():
    try:
        # An access token that has run out is renewed on the way.
        return open_session(token=kept[session["user"]]).get(f"{ISSUER}/api/me/").json()
    except OAuth2Error as error:
        # invalid_grant: send the person to /connect. All others: try again later.
        return {"error": error.error}, 502


@app.post("/disconnect")
def disconnect():
    token = kept.pop(session["user"])
    requests.post(
        f"{ISSUER}/oauth/revoke",
        auth=(CLIENT_ID, CLIENT_SECRET),
        data={"token": token["refresh_token"]},
        timeout=10,
    ).raise_for_status()
    return {"disconnected": True}
