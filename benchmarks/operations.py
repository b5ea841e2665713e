"""What is measured, and the honest requests for it: distinct codes and tokens, made by the product's own functions."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import bindparam, insert

from app import clock, credentials
from app.accounts.sessions import start_session
from app.accounts.users import register_user
from app.clients.models import find_client
from app.clients.registration import register_client
from app.config import settings
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.resources import API
from app.database.connections import Connection, connect
from app.database.statements import Statement
from app.extensions import db
from app.memories.models import Memento
from app.oauth.grants.bearer import BearerTokens, new_bearer_tokens, stored_values
from app.oauth.resources import own_resource
from app.oauth.tokens.access import ADDED_ACCESS_TOKEN
from app.oauth.tokens.code import add_authorization_code
from app.oauth.tokens.refresh import ADDED_REFRESH_TOKEN
from benchmarks.load import Answer

REDIRECT_URI = "https://notebook.example/callback"
SCOPE = "memories:read integrations:read profile"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, to be sent or to be given to an app. The body, if there is one, is a form."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Site:
    """The product with one of everything: a person, their session cookie, a client, and a live consent for it."""

    app: Flask
    user_id: str
    cookie: str
    client_id: str
    client_secret: str
    grant_id: str


#: Makes so many requests, which may need the answers to the stage before.
Stage = Callable[[Site, int, list[Answer]], list[Request]]


@dataclass(frozen=True, slots=True)
class Operation:
    """Something to measure: stages of requests, each answered by ``status``, and the most it may cost.

    A target is a multiple of the bare route's processor time, in process on SQLite, and through gunicorn on
    either database; None where there is none.
    """

    name: str
    stages: tuple[tuple[Stage, int], ...]
    target_in_process: float | None
    target_through_gunicorn: float | None


def new_site(app: Flask) -> Site:
    """Fill an empty database with what the requests are about."""
    with app.app_context():
        user = register_user(
            email="alice@example.com", name="Alice", password=secrets.token_hex(), organization_name="Acme"
        )
        db.session.flush()
        client, client_secret = register_client(
            db.session(),
            settings(),
            organization=user.memberships[0].organization,
            name="Notebook",
            type="confidential",
            redirect_uris=[REDIRECT_URI],
            scopes=SCOPE.split(),
        )
        mementos = [Memento(user_id=user.id, name=name) for name in ("Work", "Travel", "Recipes")]
        db.session.add_all(mementos)
        session = start_session(user, address="127.0.0.1", user_agent="benchmarks")
        db.session.commit()
        user_id, client_id, memento_ids = user.id, client.client_id, [memento.id for memento in mementos]
        db.session.remove()
        with connect(db.engine) as connection, connection.transaction():
            consent = give_consent(
                connection,
                user_id=user_id,
                client_key=client_id,
                scope=SCOPE,
                choice=Choice("selected", dict.fromkeys(memento_ids, False)),
            )
    return Site(app, user_id, _cookie(app, session), client_id, client_secret, consent.grant_id)


def _cookie(app: Flask, session: str) -> str:
    """The Cookie header of a browser that is signed in."""
    browser = app.test_client()
    with browser.session_transaction() as page_session:
        page_session["_user_id"] = session
        page_session["_fresh"] = True
    name = app.config["SESSION_COOKIE_NAME"]
    return f"{name}={browser.get_cookie(name).value}"


# -- the requests --------------------------------------------------------------------------------


def _bare(_site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [Request("GET", "/bare")] * count


def _client_credentials(site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [_token_request(site, grant_type="client_credentials", scope=SCOPE)] * count


def _me(site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [
        Request("GET", "/api/me/", headers=(("Authorization", f"Bearer {tokens.access_token}"),))
        for tokens in _issue_tokens(site, count)
    ]


def _introspect(site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [
        _form_request(site, "/oauth/introspect", token=tokens.access_token) for tokens in _issue_tokens(site, count)
    ]


def _metadata(_site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [Request("GET", "/.well-known/oauth-authorization-server")] * count


def _refresh(site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [
        _token_request(site, grant_type="refresh_token", refresh_token=tokens.refresh_token)
        for tokens in _issue_tokens(site, count)
    ]


def _exchange(site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    return [_exchange_request(site, code) for code in _issue_codes(site, count)]


def _authorize(site: Site, count: int, _answers: list[Answer]) -> list[Request]:
    parameters = {
        "response_type": "code",
        "client_id": site.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return [
        Request(
            "GET",
            "/oauth/authorize",
            query=urlencode(parameters | {"state": secrets.token_hex(8)}),
            headers=(("Cookie", site.cookie),),
        )
        for _ in range(count)
    ]


def _exchange_answered(site: Site, _count: int, answers: list[Answer]) -> list[Request]:
    return [_exchange_request(site, re.search(r"[?&]code=(\w+)", answer.headers["location"])[1]) for answer in answers]


def _exchange_request(site: Site, code: str) -> Request:
    return _token_request(
        site, grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER
    )


def _token_request(site: Site, **parameters: str) -> Request:
    return _form_request(site, "/oauth/token", **parameters)


def _form_request(site: Site, path: str, **parameters: str) -> Request:
    return form_request(path, site.client_id, site.client_secret, parameters)


def form_request(path: str, client_id: str, client_secret: str, parameters: dict[str, str]) -> Request:
    """A form that a client sends with its secret in Basic."""
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    return Request("POST", path, headers=(("Authorization", f"Basic {basic}"),), body=urlencode(parameters).encode())


# -- what the requests need, made beforehand -----------------------------------------------------


def _issue_codes(site: Site, count: int) -> list[str]:
    with site.app.app_context(), connect(db.engine) as connection, connection.transaction():
        return [_issue_code(connection, site)[0] for _ in range(count)]


_ADD_TOKENS = [
    Statement(insert(model).values({its: bindparam(name) for its, name in values.items()}))
    for model, values in (ADDED_ACCESS_TOKEN, ADDED_REFRESH_TOKEN)
]


def _issue_tokens(site: Site, count: int) -> list[BearerTokens]:
    """Tokens of so many families, each as fresh from its code."""
    issued = []
    with site.app.app_context(), connect(db.engine) as connection, connection.transaction():
        client, settings = find_client(connection, site.client_id), site.app.extensions["services"].settings
        api = own_resource(API, settings.issuer)
        for _ in range(count):
            tokens = new_bearer_tokens(settings, scope=SCOPE, refresh_scope=SCOPE, client=client, audience=api)
            tokens.family_id = _issue_code(connection, site)[1]
            for each in _ADD_TOKENS:
                connection.run(each, **stored_values(tokens))
            issued.append(tokens)
    return issued


def _issue_code(connection: Connection, site: Site) -> tuple[str, int]:
    """A code, and the number of its family."""
    code = credentials.new_credential(credentials.AUTHORIZATION_CODE)
    issued_at = clock.now()
    family_id = add_authorization_code(
        connection,
        grant_id=site.grant_id,
        digest=credentials.digest(code),
        client_key=site.client_id,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge=CHALLENGE,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=settings().authorization_code_lifetime),
    )
    return code, family_id


def check(answers: list[Answer], status: int) -> None:
    """Raise an AssertionError for an answer that is not what an honest request gets, or that came twice."""
    for answer in answers:
        assert answer.status == status, f"Expected {status}, got {answer.status}: {answer.body[:300]!r}"
    issued = [json.loads(answer.body).get("access_token") for answer in answers if b"access_token" in answer.body]
    assert len(issued) == len(set(issued)), "A token was issued twice."


#: The yardstick.
BARE = Operation("bare Flask route", ((_bare, 200),), None, None)

OPERATIONS = (
    Operation("client credentials", ((_client_credentials, 200),), 3.5, 3),
    Operation("introspection", ((_introspect, 200),), None, None),
    Operation("GET /api/me/", ((_me, 200),), 2, 2.2),
    Operation("code exchange", ((_exchange, 200),), 6, None),
    Operation("refresh", ((_refresh, 200),), 6, 6),
    Operation("authorize + token", ((_authorize, 302), (_exchange_answered, 200)), None, 10),
    Operation("metadata", ((_metadata, 200),), None, None),
)
