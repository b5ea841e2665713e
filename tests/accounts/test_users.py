"""How an address is spelled, and what makes an account."""

import pytest
from sqlalchemy import func, select

from app.accounts import users
from app.accounts.models import Membership, Organization, User
from app.accounts.organizations import find_organization, find_role
from app.accounts.passwords import UnacceptablePassword
from app.accounts.users import (
    EmailTaken,
    InvalidEmail,
    InvalidName,
    find_user_by_email,
    normalize_email,
    normalize_name,
    register_user,
)
from app.audit.models import AuditEvent
from app.extensions import db
from tests.tables import each

HONEST = {"email": "dora@example.com", "name": "Dora Dorn", "password": "correct horse battery"}


@each(
    ("text", "email"),
    [
        ("alice@acme.example", "alice@acme.example"),
        ("  Alice@ACME.example\t", "alice@acme.example"),
        ("ÜNI@bücher.example", "üni@bücher.example"),
        ("u\u0308ni@xn--bcher-kva.example", "üni@bücher.example"),
        ("a@xn--fa-hia.example", "a@faß.example"),
        ("דוגמה@דוגמה.example", "דוגמה@דוגמה.example"),
        ("用户@例子。example", "用户@例子.example"),
        ("I\u0307@x.example", "i\u0307@x.example"),
    ],
)
def test_one_address_has_one_spelling(text, email):
    assert normalize_email(text) == email
    assert normalize_email(email) == email


@each(
    "text",
    [
        "",
        "alice",
        "alice@",
        "@acme.example",
        "alice@acme",
        "al ice@acme.example",
        "alice@acme.example\x00",
        "al\x00ice@acme.example",
        "alice@acme.example\r\nbcc:x@example.com",
        "Alice <alice@acme.example>",
        "alice@[127.0.0.1]",
        "a" * 250 + "@x.example",
        "a" * 100_000,
        "%FF@acme.example%FF",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InvalidEmail, match=r"as in name@example\.com"):
        normalize_email(text)


def test_name_is_one_line_without_surrounding_space():
    assert normalize_name("  Zoë \n van  Dijk ") == "Zoë van Dijk"


@each(
    ("text", "sentence"),
    [
        ("", "Enter a name"),
        (" \t ", "Enter a name"),
        ("x" * 101, "at most 100"),
        ("a\x00b", "control characters"),
        ("a\x1b[31mb", "control characters"),
        ("a\u202eb", "control characters"),
        ("a\ud800b", "control characters"),
    ],
)
def test_name_that_cannot_be_shown_is_refused(text, sentence):
    with pytest.raises(InvalidName, match=sentence):
        normalize_name(text)


def test_person_is_found_however_the_address_is_spelled(app, alice):
    with app.app_context():
        assert find_user_by_email(" ALICE@acme.example").id == alice.id
        assert find_user_by_email("nobody@acme.example") is None
        assert find_user_by_email("not an address\x00") is None


def test_person_without_an_organization(app):
    with app.app_context():
        user = register_user(**HONEST)
        assert user.id.startswith("usr_")
        assert user.password_hash.startswith("$argon2id$")
        db.session.commit()
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 0


def test_naming_an_organization_makes_its_owner(app):
    with app.app_context():
        user = register_user(**HONEST, organization_name=" Dora & Söhne ")
        db.session.commit()
        organization = find_organization("dora-sohne")
        assert organization.name == "Dora & Söhne"
        assert find_role(user.id, organization.id) == "owner"
        event = db.session.scalar(select(AuditEvent))
        assert (event.kind, event.actor_user_id, event.organization_id) == (
            "organization.created",
            user.id,
            organization.id,
        )


@pytest.mark.parametrize("email", ["dora@example.com", "DORA@example.com"])
def test_taken_address_is_refused(app, email):
    with app.app_context():
        register_user(**HONEST)
        db.session.commit()
        with pytest.raises(EmailTaken, match="Sign in instead"):
            register_user(**HONEST | {"email": email})


def test_address_taken_since_we_looked_is_refused_the_same_way(app, monkeypatch):
    with app.app_context():
        register_user(**HONEST)
        db.session.commit()
        monkeypatch.setattr(users, "find_user_by_email", lambda email: None)
        with pytest.raises(EmailTaken):
            register_user(**HONEST)
        # What else the request has done is not lost.
        db.session.commit()
        assert db.session.scalar(select(func.count()).select_from(User)) == 1


@each(
    ("changed", "error"),
    [
        ({"email": "dora"}, InvalidEmail),
        ({"name": " "}, InvalidName),
        ({"password": "too short"}, UnacceptablePassword),
        ({"password": "dora@example.com"}, UnacceptablePassword),
        ({"organization_name": "a\x00b"}, InvalidName),
    ],
)
def test_what_a_form_refuses_is_refused_here_too(app, changed, error):
    with app.app_context():
        with pytest.raises(error):
            register_user(**HONEST | changed)
        db.session.commit()
        assert db.session.scalar(select(func.count()).select_from(User)) == 0
        assert db.session.scalar(select(func.count()).select_from(Organization)) == 0
