import os
import secrets

import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, abort, redirect, request, session

ISSUER = {{ quoted(issuer) }}

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
# What each of your users holds. In earnest: a table of your database.
kept = {}


def keep(name, token, refresh_token=None, access_token=None):
    # A new refresh token has come, and the old one is spent.
    kept[session["user"]] = token


oauth = OAuth(app, update_token=keep)
memories = oauth.register(
    "memories",
    client_id={{ quoted(app.client_id) }},
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/oauth-authorization-server",
    api_base_url=f"{ISSUER}/api/",
    fetch_token=lambda: kept.get(session.get("user")),
    client_kwargs={"scope": {{ quoted(app.scope) }}, "code_challenge_method": "S256"},
)


@app.get("/connect")
def connect():
    return memories.authorize_redirect({{ quoted(app.redirect_uri) }})


@app.get({{ quoted(app.callback_path) }})
def callback():
    # The library compares state and leaves this to you (RFC 9207).
    if request.args.get("iss") != ISSUER:
        abort(400)
    try:
        token = memories.authorize_access_token()
    except OAuthError as error:
        return {"error": error.error}, 400
    session["user"] = session.get("user") or secrets.token_hex(16)
    kept[session["user"]] = token
    return redirect("/me")


@app.get("/me")
def me():
    try:
        # An access token that has run out, or soon will, is renewed on the way.
        return memories.get("me/").json()
    except OAuthError as error:
        # invalid_grant: send the person to /connect. All others: try again later.
        return {"error": error.error}, 502


@app.post("/disconnect")
def disconnect():
    token = kept.pop(session["user"])
    requests.post(
        f"{ISSUER}/oauth/revoke",
        auth=(memories.client_id, memories.client_secret),
        data={"token": token["refresh_token"]},
        timeout=10,
    ).raise_for_status()
    return {"disconnected": True}
