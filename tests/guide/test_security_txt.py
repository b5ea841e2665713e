"""``/.well-known/security.txt``: as RFC 9116 has it where an operator names a contact, and nothing elsewhere."""

import re
from datetime import datetime, timedelta

import pytest
from msgspec import structs

from app import clock, create_app

PATH = "/.well-known/security.txt"


@pytest.fixture
def answer(app):
    def get(**changes):
        changed = structs.replace(app.extensions["services"].settings, **changes)
        return create_app(changed).test_client().get(PATH, headers={"Origin": "https://a.example"})

    return get


def test_without_a_contact_there_is_nothing_as_at_any_unknown_address(app, answer):
    nothing = app.test_client().get("/.well-known/nothing-at-all")
    found = answer()
    assert (found.status_code, found.json) == (nothing.status_code, nothing.json)
    assert found.status_code == 404 and found.is_json


def test_it_names_contacts_policy_address_and_an_end_within_a_year(answer):
    found = answer(
        issuer="https://id.example.com",
        security_contacts=("mailto:security@example.com", "https://example.com/report"),
        security_policy="https://example.com/policy",
    )
    assert found.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = found.text.splitlines()
    fields = [tuple(line.split(": ", 1)) for line in lines]
    assert [value for name, value in fields if name == "Contact"] == [
        "mailto:security@example.com",
        "https://example.com/report",
    ]
    once = dict(fields)
    assert once["Policy"] == "https://example.com/policy"
    assert once["Canonical"] == f"https://id.example.com{PATH}"
    assert [name for name, _ in fields].count("Expires") == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", once["Expires"])
    left = datetime.fromisoformat(once["Expires"]) - clock.now()
    assert timedelta(days=90) < left < timedelta(days=365)


def test_any_page_may_read_it_and_no_cookie_comes_with_it(answer):
    found = answer(security_contacts=("mailto:security@example.com",))
    assert found.headers["Access-Control-Allow-Origin"] == "*" and "Set-Cookie" not in found.headers
    assert "Policy" not in found.text
