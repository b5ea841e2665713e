"""The browser of the tests sends what a browser would, and their clients are as registering leaves them."""

from types import SimpleNamespace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Session
from app.accounts.organizations import find_organization
from app.clients.registration import register_client
from app.extensions import db
from app.mail.local import LocalCarrier
from app.mail.outbox import put_mail
from app.mail.sending import send_due
from app.scopes import SCOPES
from tests.actors import Browser, find_form, find_forms
from tests.client import QuickClient
from tests.databases import find_filled
from tests.tables import each


def page(html: str):
    return SimpleNamespace(text=html, status="200 OK")


def test_untouched_form_sends_what_it_shows():
    (form,) = find_forms(
        """<form method="post" action="/x"><input type="hidden" name="h" value="a&amp;b"><input name="t" value="1">
        <input type="checkbox" name="c" value="on1" checked><input type="checkbox" name="c" value="off1">
        <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
        <input name="gone" disabled value="x"><textarea name="a">
line 1
line 2</textarea><select name="s"><option value="1">One<option value="2" selected>Two</select>
        <select name="first"><option value="f">F<option value="g">G</select></form>"""
    )
    assert (form.method, form.action) == ("post", "/x")
    assert form.values == [
        ("h", "a&b"),
        ("t", "1"),
        ("c", "on1"),
        ("r", "2"),
        ("a", "line 1\nline 2"),
        ("s", "2"),
        ("first", "f"),
    ]


def test_form_of_the_page_goes_before_that_of_its_header():
    html = """<form action="/sign-out"><button>Sign out</button></form>
        <main><form action="/x"><button>Go on</button></form></main>"""
    assert find_form(page(html)).action == "/x"
    assert find_form(page(html), action="/sign-out").action == "/sign-out"
    assert find_form(page(html), press="Sign out").action == "/sign-out"


def test_field_that_the_page_does_not_have_is_a_mistake():
    with pytest.raises(AssertionError, match="No form with fields"):
        find_form(page("<main><form><input name=a></form></main>"), names=["b"])


def test_buttons_are_known_by_what_they_say():
    (form,) = find_forms(
        """<form><button name="do" value="yes">  Allow
        <b>it</b> </button><button type="button">No</button></form>"""
    )
    assert [(button.text, button.name, button.value) for button in form.buttons] == [("Allow it", "do", "yes")]


@pytest.mark.parametrize("which", ["notebook", "pocket"])
def test_a_client_of_the_tests_is_one_that_was_registered(app, request, which):
    client = request.getfixturevalue(which)
    with app.app_context():
        registered, _ = register_client(
            db.session(),
            app.extensions["services"].settings,
            organization=find_organization("acme"),
            name=f"Acme {which.capitalize()}",
            type="public" if client.client_secret is None else "confidential",
            redirect_uris=[client.redirect_uri],
            scopes=list(SCOPES),
        )
        db.session.commit()
        ids = client.client_id, registered.client_id
        differing = {}
        with db.engine.begin() as connection:
            for name in find_filled(connection, db.metadata) - {"users", "organizations", "memberships"}:
                table = db.metadata.tables[name]
                one, other = (
                    connection.execute(table.select().where(table.c.client_id == id)).mappings().one() for id in ids
                )
                differing[name] = {column for column in one if one[column] != other[column]}
    expected = {
        "clients": {"key", "client_id", "created_at", "updated_at"},
        "audit_events": {"id", "client_id", "occurred_at"},
    }
    if client.client_secret is not None:
        expected["client_secrets"] = {"id", "client_id", "digest", "hint", "created_at"}
        assert client.introspect("unknown").json == {"active": False}
    assert differing == expected


def without(values: dict, *names: str) -> dict:
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize("host", [None, "upstream.internal:9999"])
def test_who_has_entered_is_as_who_has_signed_in(app, alice, host):
    entered, signed_in = Browser(app, host=host), Browser(app, host=host)
    entered.enter(alice)
    signed_in.sign_in(alice.email, alice.password)
    assert entered.client._cookies.keys() < signed_in.client._cookies.keys()
    with entered._session() as one, signed_in._session() as other:
        # Flask-Login notes which browser it was, and asks nothing of it here.
        assert without(dict(one), "_user_id", "csrf_token", "_id") == without(
            dict(other), "_user_id", "csrf_token", "_id"
        )
    with app.app_context():
        rows = [
            {column.name: getattr(row, column.name) for column in Session.__table__.columns}
            for row in db.session.scalars(select(Session).order_by(Session.issued_at))
        ]
    own = ("id", "digest", "issued_at", "last_used_at", "expires_at", "user_agent")
    assert len(rows) == 2 and without(rows[0], *own) == without(rows[1], *own)
    assert [browser.get("/account/").status_code for browser in (entered, signed_in)] == [200, 200]


_KEPT = [
    ("/", "a=1", ["/", "/x"]),
    ("/x/y", "a=1", ["/x", "/x/y", "/x/z"]),
    ("/x/ü", "a=1; Path=/x", ["/x", "/x/y", "/x/ü", "/x%C3%BC"]),
    ("/", "a=1; Domain=example.org", ["/", "//two/slashes"]),
    ("/", "a=1; Max-Age=0", ["/"]),
]


@each("host", ["localhost", "EXAMPLE.org:8000", "sub.example.org", "[::1]:8000", "höst", "a b", ""])
@pytest.mark.parametrize(("path", "cookie", "asked"), _KEPT)
def test_the_quick_client_keeps_and_sends_what_flasks_own_does(host, path, cookie, asked):
    told: list[str] = []
    house = Flask(__name__)

    @house.get("/")
    @house.get("/<path:_path>")
    def tell(_path: str = "") -> tuple[str, dict[str, str]]:
        told.append(request.headers.get("Cookie", "none"))
        return "", {"Set-Cookie": cookie} if len(told) == 1 else {}

    said = []
    for kind in (FlaskClient, QuickClient):
        house.test_client_class, told[:] = kind, []
        client = house.test_client()
        try:
            for one in (path, *asked):
                client.get(one, environ_overrides={"HTTP_HOST": host})
            client.get("/", base_url="http://localhost", environ_overrides={"HTTP_COOKIE": "of=mine"})
        except ValueError as error:
            told.append(str(error))
        said.append((list(told), {key: vars(one) for key, one in client._cookies.items()}))
    assert said[0] == said[1]


def test_what_stands_around_the_forms_changes_nothing():
    forms = """<form id="one" action="/one"><input name="a" value="1"><button>Go</button></form>"""
    around = f"""<header><a href="/x" title="">x</a></header><form action="/two"><button>Leave</button></form>
        <main id="main"><p>Text & more <input name="b"></p>{forms}<p>
        <button name="n" value="v" form="one">Or <b>so</b></button></p></main><form action="/three"></form>"""
    commented, odd = around + "<!-- <form action='/none'></form> -->", around.replace('title=""', 'title="<form>"')
    for html in (around, commented, odd):
        found = {form.action: form for form in find_forms(html)}
        assert list(found) == ["/two", "/one", "/three"]
        assert [form.in_main for form in found.values()] == [False, True, False]
        assert found["/one"].values == [("a", "1")]
        assert [button.text for button in found["/one"].buttons] == ["Go", "Or so"]


def test_a_letter_that_a_server_beside_it_has_sent_is_found_too(app, browser):
    with app.app_context():
        put_mail(db.session, "trial", to="ada@example.com")
        db.session.commit()
        engine = db.engine
    send_due(app, LocalCarrier(engine))
    assert browser.find_letter("ada@example.com").kind == "trial"
