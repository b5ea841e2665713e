"""Clients that were seen a moment ago, and what they present."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import inspect
from werkzeug.test import TestResponse

from app import clock
from app.credentials import digest
from app.database.types import Base
from app.extensions import db
from app.oauth.grants import authorization_code, refresh_token
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.refresh import RefreshToken
from tests.actors import Browser
from tests.integrator import Integrator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = "memories:read integrations:read"
CODE, REFRESH_TOKEN = "code", "refresh token"
PLACES = {CODE: (authorization_code, "redeem_while_seen"), REFRESH_TOKEN: (refresh_token, "rotate_while_seen")}


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def client(register, signed_in, make_memento) -> Integrator:
    """Acme's, which was seen just now, and which Alice lets look through a memento."""
    client = register(scopes=[*SCOPE.split(), "memories:write", "profile"])
    mementos = {"selection": "selected", "memento_ids": [make_memento("Work")]}
    assert client.refresh(client.tokens(signed_in, choose=mementos)["refresh_token"]).status_code == 200
    return client


@dataclass
class Presented:
    """What a client presents to get tokens: a code, or a refresh token."""

    client: Integrator
    browser: Browser
    kind: str
    table: type[Base]

    def new(self, count: int = 2) -> list[str]:
        """Returns so many, of as many families, of which everything is the same."""
        codes = [self.client.code(self.browser) for _ in range(count)]
        return codes if self.kind == CODE else [self.client.exchange(code).json["refresh_token"] for code in codes]

    def use(self, text: str, client: Integrator | None = None, **changes: str) -> TestResponse:
        client = client or self.client
        return client.exchange(text, **changes) if self.kind == CODE else client.refresh(text, **changes)


@pytest.fixture(params=[REFRESH_TOKEN, CODE])
def presented(request, client, signed_in) -> Presented:
    table = AuthorizationCode if request.param == CODE else RefreshToken
    return Presented(client, signed_in, request.param, table)


@pytest.fixture
def tokens(client, signed_in) -> list[str]:
    return Presented(client, signed_in, REFRESH_TOKEN, RefreshToken).new()


@pytest.fixture
def ways(client, monkeypatch) -> list[bool]:
    """Whether what was asked for from now on was done at once; nothing where that was not even tried."""
    ways: list[bool] = []

    def note(use: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **kwargs: Any) -> Any:
            used = use(*args, **kwargs)
            ways.append(used is not None)
            return used

        return noting

    monkeypatch.setattr(refresh_token, "rotate_while_seen", note(refresh_token.rotate_while_seen))
    monkeypatch.setattr(authorization_code, "redeem_while_seen", note(authorization_code.redeem_while_seen))
    return ways


@pytest.fixture
def just_before(presented, monkeypatch) -> Callable[[Callable[[], Any]], None]:
    """Do something once, just before what is presented is found and used."""

    def just_before(do: Callable[[], Any]) -> None:
        module, name = PLACES[presented.kind]
        use = getattr(module, name)

        def do_and_use(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(module, name, use)
            do()
            return use(*args, **kwargs)

        monkeypatch.setattr(module, name, do_and_use)

    return just_before


@pytest.fixture
def forget(app) -> Callable[[], None]:
    """Let this process have seen nobody."""
    return app.extensions["services"].seen_clients._known.clear


@pytest.fixture
def comes_to(app) -> Callable[[TestResponse], tuple]:
    """All that comes of a refresh, but for what is random."""

    def comes_to(answer: TestResponse) -> tuple:
        told = dict(answer.json)
        if answer.status_code != 200:
            return answer.status_code, told["error"], told["error_description"]
        access, refresh = told.pop("access_token"), told.pop("refresh_token")
        with app.app_context():
            stored = [
                db.session.get_one(AccessToken, digest(access)),
                db.session.get_one(RefreshToken, digest(refresh)),
            ]
            random = {"digest", "family_id"}
            return told, *(
                {c.key: getattr(row, c.key) for c in inspect(type(row)).columns if c.key not in random}
                for row in stored
            )

    return comes_to
