"""A person whose live consent makes every screen needless is answered at once: by the fast door as by Flask's view."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from itsdangerous import TimestampSigner
from msgspec import structs
from sqlalchemy import delete, func, select, update

from app import clock, fast
from app.accounts.disabling import disable_account
from app.accounts.models import Session, User
from app.accounts.sessions import end_sessions
from app.clients.models import Client
from app.config import DAY
from app.consents.models import Consent
from app.database.connections import Connection
from app.extensions import db
from app.http.application import Application
from app.http.direct import signed_cookie
from app.http.doors import STEP
from app.last_uses import LastUses
from app.oauth.tokens.code import AuthorizationCode
from tests.actors import Browser
from tests.oauth.endpoints.authorization_requests import COVERED, NOT_COVERED, PATHS
from tests.tables import each


@pytest.fixture
def allowed(notebook, alice, browser) -> Browser:
    """The browser of Alice, who allows Acme Notebook what it asks for."""
    browser.enter(alice)
    notebook.allow(alice, notebook.scope, {"selection": "all"})
    return browser


@contextmanager
def without_flask():
    """Nothing of Flask is made of any request while it lasts."""
    with patch.object(Application, "request_context", side_effect=AssertionError("Flask was asked.")):
        yield


@contextmanager
def by_flask_alone():
    with patch.object(fast, "_find_place", return_value=None):
        yield


@contextmanager
def statements():
    """What is sent to the driver while it lasts, in order, but for what writes down notes."""
    sent: list[str] = []
    execute, begin = Connection._execute, Connection._begin

    def noting(self, compiled, values):
        sent.append(compiled.sql.split()[0])
        return execute(self, compiled, values)

    def noting_begin(self):
        sent.append("BEGIN")
        return begin(self)

    with patch.object(Connection, "_execute", noting), patch.object(Connection, "_begin", noting_begin):
        yield sent


# -- who answers -----------------------------------------------------------------------------------


@each("path", PATHS)
def test_every_path_answers_without_flask(notebook, allowed, path):
    with without_flask():
        answer = allowed.get(notebook.authorize_url(path))
    assert notebook.exchange(notebook.answer(answer)["code"]).status_code == 200


def test_what_an_honest_app_may_also_send_is_answered_without_flask(notebook, allowed):
    for told, changes in COVERED.items():
        with without_flask():
            answer = notebook.answer(allowed.get(notebook.authorize_url(**changes)))
        assert "code" in answer, told
        assert answer.get("state") == changes.get("state", notebook.state), told


def test_what_is_not_covered_is_flasks(notebook, allowed):
    for told, changes in NOT_COVERED.items():
        with pytest.raises(AssertionError, match="Flask was asked"), without_flask():
            allowed.get(notebook.authorize_url(**changes))
            pytest.fail(told)


def test_one_look_and_one_write(app, notebook, allowed):
    """On SQLite the write is a transaction of two rows, on PostgreSQL one statement."""
    with app.app_context():
        is_sqlite = db.engine.dialect.name == "sqlite"
    write = ["BEGIN", "INSERT", "INSERT"] if is_sqlite else ["WITH"]
    with statements() as sent, without_flask():
        notebook.answer(allowed.get(notebook.authorize_url()))
    assert sent == ["SELECT", *write]
    with statements() as sent, by_flask_alone():
        notebook.answer(allowed.get(notebook.authorize_url()))
    # The person first, as on every page; then the app with what it is allowed.
    assert sent == ["SELECT", "SELECT", *write]


def test_code_is_for_what_the_consent_grants(app, notebook, allowed):
    """What the person left out, and the app can do without, is no part of it from the beginning."""
    with app.app_context():
        db.session.execute(update(Client).values(stored_optional_scope="integrations:read"))
        db.session.execute(update(Consent).values(stored_scope="memories:read", declined_scope="integrations:read"))
        db.session.commit()
    with without_flask():
        notebook.answer(allowed.get(notebook.authorize_url(scope="memories:read integrations:read")))
    with app.app_context():
        assert db.session.scalar(select(AuthorizationCode.scope)) == "memories:read"


# -- the cookie ------------------------------------------------------------------------------------


def cookie_of(browser) -> str:
    (value,) = [one.value for one in browser.client._cookies.values() if one.key == "reliquary"]
    return value


@pytest.fixture
def send(app, notebook, allowed):
    """Send an honest request with this Cookie header, and other headers; whether it came to Flask, and the answer."""
    url = notebook.authorize_url()

    def send(cookies: str | None, **headers: str):
        asked = []
        context = Application.request_context

        def noting(self, environ):
            asked.append(environ)
            return context(self, environ)

        with patch.object(Application, "request_context", noting):
            client = app.test_client(use_cookies=False)
            sent = headers | ({"Cookie": cookies} if cookies is not None else {})
            answer = client.get(url, headers={name.replace("_", "-"): value for name, value in sent.items()})
        return bool(asked), answer

    send.cookie = cookie_of(allowed)
    return send


def is_answered(answer) -> bool:
    return answer.status_code == 302 and "code=" in answer.location


def test_cookie_is_read_as_browsers_send_it(send):
    for cookies in (
        f"reliquary={send.cookie}",
        f"a=1; reliquary={send.cookie}; b=2",
        f"reliquary_browser=x; reliquary={send.cookie}; reliquary_known=y",
        f"a=1;reliquary={send.cookie}",
    ):
        came_to_flask, answer = send(cookies)
        assert is_answered(answer) and not came_to_flask, cookies


def test_cookie_that_is_not_plainly_ours_is_looked_at_by_flask(send):
    """Whose first of a name, and whose quotes, might be read otherwise here than there."""
    own, forged = f"reliquary={send.cookie}", "reliquary=eyJfdXNlcl9pZCI6IngifQ.awkv9w.5I9mvxz4KdB4AhKidRCofE49c-s"
    for cookies in (
        None,
        "",
        f"{own}; {forged}",
        f"{forged}; {own}",
        f"{own}; reliquary",
        f"reliquary ={send.cookie}; {own}",
        f'x="a; {own}; b"',
        f'reliquary="{send.cookie}"',
        f"a=1,{own}",
        f"{own},a=1",
        f"\xa0{own}",
        own[:-5],
        # The last character alone has bits that mean nothing.
        own[:-5] + ("A" if own[-5] != "A" else "B") + own[-4:],
        own.replace("reliquary=", "reliquary=A"),
        own.upper(),
        forged,
    ):
        came_to_flask, _ = send(cookies)
        assert came_to_flask, cookies


def test_cookie_that_would_be_sent_anew_is_looked_at_by_flask(app, send):
    serializer = app.session_interface.get_signing_serializer(app)
    held = serializer.loads(send.cookie)
    for more, sent_anew in (
        ({"csrf_token": "x", "_flashes": [("message", "Saved.")]}, False),
        ({"redirect_origins": []}, True),
        ({"_permanent": True}, True),
    ):
        came_to_flask, answer = send(f"reliquary={serializer.dumps(held | more)}")
        assert is_answered(answer) and came_to_flask is sent_anew, more
        assert ("Set-Cookie" in answer.headers) is sent_anew, more


def test_cookie_that_is_too_old_is_none(app, send):
    lifetime = app.extensions["services"].settings.session_lifetime
    # Signed a moment ago; the last by a machine whose clock is ahead.
    for age, is_taken in ((lifetime - 30, True), (lifetime + 2, False), (-30, True)):
        with patch.object(TimestampSigner, "get_timestamp", lambda self, age=age: int(clock.now().timestamp()) + age):
            came_to_flask, _ = send(f"reliquary={send.cookie}")
        assert came_to_flask is not is_taken, age


def test_cookie_of_the_key_before_is_read(app, settings, send, notebook):
    """And of a key that is no more, it is not."""
    for keys, is_taken in (
        ({"secret_key": "n" * 40, "secret_key_fallbacks": (settings.secret_key,)}, True),
        ({"secret_key": "n" * 40, "secret_key_fallbacks": ("m" * 40, settings.secret_key)}, True),
        ({"secret_key": settings.secret_key, "secret_key_fallbacks": ("n" * 40,)}, True),
        ({"secret_key": "n" * 40, "secret_key_fallbacks": ("m" * 40,)}, False),
    ):
        found = signed_cookie.read_credential(f"reliquary={send.cookie}", structs.replace(settings, **keys))
        assert (found is not None) is is_taken, keys


def test_cookie_means_the_same_to_flask(app, send):
    with app.test_request_context(headers={"Cookie": f"reliquary={send.cookie}"}):
        opened = app.session_interface.open_session(app, _request_of_a_page())
        settings = app.extensions["services"].settings
        assert signed_cookie.read_credential(f"reliquary={send.cookie}", settings) == opened["_user_id"]


def _request_of_a_page():
    from flask import request

    request.door = STEP
    return request


# -- whose session it is ---------------------------------------------------------------------------


@each(
    "over",
    [
        lambda: db.session.execute(delete(Session)),
        lambda: db.session.execute(update(Session).values(expires_at=clock.now())),
        lambda: db.session.execute(update(Session).values(last_used_at=clock.now() - timedelta(seconds=3 * DAY + 1))),
        lambda: end_sessions(db.session(), db.session.scalar(select(Session.user_id))),
        lambda: disable_account(db.session(), db.session.scalar(select(Session.user_id)), actor_user_id=None),
        lambda: db.session.execute(update(User).values(deletes_at=clock.now() + timedelta(days=7))),
    ],
    ids=["signed out", "expired", "idle", "signed out everywhere", "disabled", "leaving"],
)
def test_session_that_is_over_is_felt_at_once(app, notebook, allowed, over):
    notebook.answer(allowed.get(notebook.authorize_url()))
    with app.app_context():
        app.extensions["services"].notes.of(LastUses).flush()
        over()
        db.session.commit()
    answer = allowed.get(notebook.authorize_url())
    assert answer.status_code == 303 and answer.location.startswith("/sign-in?")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(AuthorizationCode)) == 1


def test_visit_keeps_the_session_from_being_idle(app, notebook, allowed):
    with app.app_context():
        uses = app.extensions["services"].notes.of(LastUses)
        uses.flush()
        db.session.execute(update(Session).values(last_used_at=clock.now() - timedelta(hours=1)))
        db.session.commit()
    with without_flask():
        allowed.get(notebook.authorize_url())
    with app.app_context():
        uses.flush()
        assert db.session.scalar(select(Session.last_used_at)) > clock.now() - timedelta(minutes=1)


# -- who goes there --------------------------------------------------------------------------------


@each(
    "headers",
    [
        {"Sec_Purpose": "prefetch"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X_Purpose": "preview"},
        {"X_Moz": "prefetch"},
        {"Sec_Fetch_Dest": "iframe"},
        {"Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Dest": ""},
    ],
    ids=str,
)
def test_nobody_who_looks_ahead_gets_a_code(app, send, headers):
    came_to_flask, answer = send(f"reliquary={send.cookie}", **headers)
    assert came_to_flask and answer.status_code == 403
    with app.app_context():
        assert db.session.scalar(select(AuthorizationCode)) is None


def test_person_who_goes_there_does(send):
    came_to_flask, answer = send(
        f"reliquary={send.cookie}", Sec_Fetch_Dest="document", Sec_Fetch_Mode="navigate", Sec_Purpose="other"
    )
    assert is_answered(answer) and not came_to_flask


def test_head_has_no_effect(app, notebook, allowed):
    answer = allowed._open(notebook.authorize_url(), method="HEAD")
    assert answer.status_code == 200
    with app.app_context():
        assert db.session.scalar(select(AuthorizationCode)) is None
