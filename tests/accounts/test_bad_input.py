"""Whatever is sent to the forms, the answer is a sentence and never a failure of ours."""

import pytest
from sqlalchemy import func, select

from app.accounts.models import User
from app.extensions import db
from tests.actors import Browser
from tests.tables import each

BASE_URL = "http://127.0.0.1:8000"
HONEST = {
    "/sign-in": {"email": "alice@acme.example", "password": "the password of Alice Archer"},
    "/sign-up": {
        "email": "dora@example.com",
        "name": "Dora Dorn",
        "password": "correct horse battery",
        "organization_name": "Dorn Works",
    },
}
BAD = {
    "missing": None,
    "empty": b"",
    "spaces": b"   ",
    "NUL": b"%00",
    "NUL inside": b"a%00b@example.com",
    "100 kB": b"x" * 100_000,
    "100 kB address": b"x" * 100_000 + b"@example.com",
    "line breaks": b"a%0D%0Ab@example.com",
    "not UTF-8": b"%FF%FE@example.com",
    "raw bytes": b"\xff\xfe\x80",
    "surrogate": b"%ED%A0%80",
    "emoji": "🐘".encode() * 40,
    "escape": b"%1B[31m",
    "override": b"%E2%80%AE",
    "markup": b"%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "template": b"{{7*7}}%25s%25n{0}",
}

QUERY_VALUES = [
    b"",
    b"%00",
    b"%FF",
    b"\xff",
    b"x" * 100_000,
    b"%0D%0A",
    b"/%E2%80%AE",
]


def post(browser: Browser, path: str, body: bytes, content_type="application/x-www-form-urlencoded"):
    return browser.client.post(path, base_url=BASE_URL, data=body, content_type=content_type)


@each("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("field", [(path, name) for path in HONEST for name in HONEST[path]], ids="-".join)
def test_bad_value_is_never_a_failure_of_ours(app, browser, alice, field, bad):
    path, name = field
    values = {key: value.encode() for key, value in HONEST[path].items()} | {
        "csrf_token": browser.make_token().encode()
    }
    values[name] = bad
    body = b"&".join(key.encode() + b"=" + value for key, value in values.items() if value is not None)
    answer = post(browser, path, body)
    assert answer.status_code in (303, 400)
    assert "<script>alert" not in answer.text
    # A form with bytes that none sends is not read at all; of any other the token is good.
    assert ("open for too long" in answer.text) is (bad == BAD["raw bytes"])


@pytest.mark.parametrize("path", HONEST)
def test_duplicated_fields_are_no_failure_of_ours(browser, alice, path):
    body = b"&".join(f"{name}={value}&{name}=other".encode() for name, value in HONEST[path].items())
    answer = post(browser, path, body + b"&csrf_token=" + browser.make_token().encode())
    assert answer.status_code in (303, 400)


@pytest.mark.parametrize("path", HONEST)
def test_too_much_at_once_is_said_to_be_too_much(browser, path):
    body = b"csrf_token=" + browser.make_token().encode() + b"&name=" + b"x" * 300_000
    assert post(browser, path, body).status_code == 413


@each("body", [b"", b"5", b"null", b"[]", b'"x"', b"{", b'{"email": {"a": 1}}', b"\xff"])
@pytest.mark.parametrize("path", HONEST)
def test_json_is_not_a_form(browser, path, body):
    answer = browser.client.post(
        path,
        base_url=BASE_URL,
        data=body,
        content_type="application/json",
        headers={"X-CSRFToken": browser.make_token()},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("path", HONEST)
def test_file_in_place_of_a_text_is_no_failure_of_ours(browser, path):
    parts = [("csrf_token", b"", browser.make_token().encode())]
    parts += [(name, b'; filename="x.txt"', b"text") for name in HONEST[path]]
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + more + b"\r\n\r\n" + value + b"\r\n"
        for name, more, value in parts
    )
    answer = post(browser, path, body + b"--b--\r\n", "multipart/form-data; boundary=b")
    assert answer.status_code == 400


@each("value", QUERY_VALUES)
@pytest.mark.parametrize("path", ["/sign-in?again=%s&next=%s", "/sign-up?next=%s&x=%s"])
def test_bad_query_is_never_a_failure_of_ours(browser, path, value):
    path, _, query = path.partition("?")
    # As a server hands it over: raw bytes as Latin-1.
    raw = (query.encode() % (value, value)).decode("latin-1")
    answer = browser.client.get(path, base_url=BASE_URL, environ_overrides={"QUERY_STRING": raw})
    assert answer.status_code in (200, 400)


@each("cookie", ["", "x", "a.b.c", "\x00", "é", "x" * 4000])
def test_damaged_cookie_is_a_stranger(browser, cookie):
    cookies = f"reliquary={cookie}; remember_token={cookie}"
    answer = browser.client.get("/", base_url=BASE_URL, headers={"Cookie": cookies})
    assert answer.status_code == 200
    assert "Sign out" not in answer.text


def test_refused_name_makes_no_account(app, browser):
    for name in (b"a%00", b"%1B", b"x" * 101):
        body = (
            b"email=a@example.com&password=correct+horse&csrf_token=" + browser.make_token().encode() + b"&name=" + name
        )
        assert post(browser, "/sign-up", body).status_code == 400
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == 0
