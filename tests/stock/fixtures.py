"""The fixtures of the table's tests, as a textbook Authlib server gives them. Where ours do, ours are used."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask, jsonify
from werkzeug.exceptions import HTTPException

from app.scopes import SCOPES
from tests.actors import Browser, Person
from tests.integrator import Integrator
from tests.stock import server as stock

__all__ = ["alice", "anew", "app", "grants", "guarded", "let_time_pass", "made", "notebook", "pocket", "posting_notebook",
           "publish_issuer", "strict", "strict_notebook"]  # fmt: skip


class StockIntegrator(Integrator):
    """The same honest client. Only what it takes for granted of every answer is less."""

    def authorize(self, browser, *, choose=None, **changes):
        page = self.start(browser, **changes)
        if page.status_code == 200:
            page = browser.submit(page, press="Authorize")
        return self.answer(page)

    def code_by_consent(self, browser, **changes):
        # Nothing that was allowed is kept here.
        return self.code(browser, **changes)

    def answer(self, response):
        assert response.status_code in (302, 303), (response.status, response.text)
        assert response.location.startswith(self.redirect_uri), response.location
        return dict(parse_qsl(urlsplit(response.location).query, keep_blank_values=True))


def _enter(browser: Browser, person: Person) -> None:
    # Nobody has a password or a session table here.
    browser.sign_in(person.email, person.password)


Browser.enter = _enter


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> tuple[Flask, bytes]:
    """The app, and its database as a file with its tables made and nobody in them: it has nothing else to forget."""
    path = tmp_path_factory.mktemp("made") / "stock.sqlite3"
    app = stock.create_stock_app(f"sqlite:///{path}")
    with app.app_context():
        stock.db.create_all()
        stock.db.engine.dispose()
    return app, path.read_bytes()


@pytest.fixture
def app(made) -> Iterator[Flask]:
    app, empty = made
    yield app
    _put_back(app, empty)


def _put_back(app: Flask, file: bytes) -> None:
    with app.app_context():
        stock.db.session.remove()
        stock.db.engine.dispose()
    _file_of(app).write_bytes(file)


def _file_of(app: Flask) -> Path:
    return Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))


@pytest.fixture
def anew(app):
    """As that of ours, for each line of a table; what it puts back is the file."""
    kept: list[bytes] = []

    @contextmanager
    def anew(*browsers):
        kept[:] = kept or [_file_of(app).read_bytes()]
        before = [(browser.person, dict(browser.client._cookies)) for browser in browsers]
        try:
            yield
        finally:
            _put_back(app, kept[0])
            for browser, (person, cookies) in zip(browsers, before, strict=True):
                browser.person, browser.client._cookies = person, cookies

    return anew


@pytest.fixture
def alice(app) -> Person:
    with app.app_context():
        stock.db.session.add(stock.User(email="alice@acme.example"))
        stock.db.session.commit()
    return Person("1", "alice@acme.example", "Alice Archer", "the password of Alice Archer")


@pytest.fixture
def notebook(app) -> StockIntegrator:
    return _register(app, "notebook", "https://notebook.acme.example/callback", "client_secret_basic")


@pytest.fixture
def posting_notebook(app) -> StockIntegrator:
    # One registered method a client is all that the mixin knows.
    return _register(app, "posting_notebook", "https://notebook.acme.example/callback", "client_secret_post")


@pytest.fixture
def strict_notebook(app) -> StockIntegrator:
    # CodeChallenge(required=True) is all there is to demand PKCE of anybody.
    return _register(app, "strict_notebook", "https://strict.acme.example/callback", "client_secret_basic")


@pytest.fixture
def pocket(app) -> StockIntegrator:
    return _register(app, "pocket", "http://127.0.0.1:8400/callback", "none")


def _register(app, client_id: str, redirect_uri: str, auth_method: str) -> StockIntegrator:
    client_secret = "" if auth_method == "none" else f"the_secret_of_{client_id}"
    grant_types = ["authorization_code", "refresh_token"]
    with app.app_context():
        stock.add_client(
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            scope=" ".join(SCOPES),
            auth_method=auth_method,
            grant_types=grant_types if auth_method == "none" else [*grant_types, "client_credentials"],
        )
    return StockIntegrator(
        app,
        client_id,
        client_secret or None,
        redirect_uri,
        "memories:read integrations:read",
        auth_method=auth_method,
    )


@pytest.fixture
def let_time_pass(monkeypatch) -> Callable[..., None]:
    real, passed = time.time, [0.0]

    def wait(**duration):
        passed[0] += timedelta(**duration).total_seconds()
        monkeypatch.setattr("time.time", lambda: real() + passed[0])

    return wait


@pytest.fixture
def grants() -> SimpleNamespace:
    return SimpleNamespace(authorization_code=stock.AuthorizationCodeGrant, refresh_token=stock.RefreshTokenGrant)


@pytest.fixture
def guarded(app) -> Callable:
    def call(access_token, *scopes):
        with app.test_request_context("/api/guarded", headers={"Authorization": f"Bearer {access_token}"}):
            try:
                return app.make_response(stock.require_oauth(list(scopes))(lambda: jsonify(reached=True))())
            except HTTPException as error:
                return error.get_response()

    return call


@pytest.fixture
def publish_issuer() -> Callable[[str], None]:
    """Nothing to tell it: it looks at each request's own address."""
    return lambda issuer: None


@pytest.fixture
def strict() -> None:
    """Nothing to switch off: it knows no grace."""
