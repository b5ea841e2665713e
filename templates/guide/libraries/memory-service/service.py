import json
import os

import requests
from flask import Flask, abort, jsonify, make_response, request

ISSUER = {{ quoted(issuer) }}
# As it is registered, to the letter: tokens are for this address, and for no other.
ADDRESS = os.environ.get("ADDRESS", "http://127.0.0.1:5001")
CLIENT = {{ quoted(app.client_id) }}, os.environ["CLIENT_SECRET"]

app = Flask(__name__)
http = requests.Session()
# Each record: whose it is, in which of their mementos it lies, and what it says. In earnest: tables of your database.
records = json.loads(os.environ.get("RECORDS", "[]"))


@app.get("/.well-known/oauth-protected-resource")
def metadata():
    """Where apps find out who issues tokens for this service (RFC 9728)."""
    return jsonify(
        resource=ADDRESS,
        authorization_servers=[ISSUER],
        scopes_supported=["memories:read", "memories:write"],
        bearer_methods_supported=["header"],
        client_id=CLIENT[0],
    )


def refuse(status, error, description, scope="memories:read memories:write"):
    answer = jsonify(error=error, message=description)
    answer.headers["WWW-Authenticate"] = (
        f'Bearer resource_metadata="{ADDRESS}/.well-known/oauth-protected-resource", error="{error}", scope="{scope}"'
    )
    abort(make_response(answer, status))


def ask(scope):
    """What the token of this call may do, asked anew each time: what a person changes holds from the next call on."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        refuse(401, "invalid_token", "Send an access token.")
    try:
        answer = http.post(f"{ISSUER}/oauth/introspect", auth=CLIENT, data={"token": token}, timeout=5)
        answer.raise_for_status()
    except requests.RequestException:
        # Nobody knows what the person wants now, so nothing is handed out.
        abort(make_response(jsonify(error="unavailable", message="Try again."), 503, {"Retry-After": "5"}))
    told = answer.json()
    # An inactive token is told as that, whatever it was: another service's, paused, ended, expired, made up.
    if not told["active"] or told["aud"] != ADDRESS:
        refuse(401, "invalid_token", "The token is not for this service, or is no longer good.")
    held = told["scope"].split()
    if scope not in held:
        refuse(403, "insufficient_scope", f"This needs {scope}.", " ".join([*held, scope]))
    return told


def mementos(told, action):
    """The mementos in which the token may do this now; "all" is everything, also what comes later."""
    details = told.get("authorization_details", [])
    return {one["identifier"] for one in details if one["type"] == "memento" and action in one["actions"]}


def is_seen(record, told):
    seen = mementos(told, "read")
    return record["owner"] == told["sub"] and ("all" in seen or bool(seen & set(record["mementos"])))


@app.get("/records")
def list_records():
    told = ask("memories:read")
    return jsonify([{"id": number, "text": one["text"]} for number, one in enumerate(records) if is_seen(one, told)])


@app.get("/records/<int:number>")
def get_record(number):
    told = ask("memories:read")
    if number >= len(records) or not is_seen(records[number], told):
        # What a person does not show is not there.
        abort(404)
    return jsonify(id=number, text=records[number]["text"])


@app.post("/records")
def add_record():
    told, sent = ask("memories:write"), request.get_json()
    if sent["memento"] not in mementos(told, "write"):
        abort(404)
    records.append({"owner": told["sub"], "mementos": [sent["memento"]], "text": sent["text"]})
    return jsonify(id=len(records) - 1), 201
