"""Registering a client, changing it and rotating its secret, below any form or command."""

import re

import pytest

from app import clock, credentials
from app.accounts.organizations import create_organization
from app.audit.models import AuditEvent
from app.clients.errors import ClientError
from app.clients.models import Client, ClientSecret, find_client
from app.clients.registration import register_client, update_client
from app.clients.secrets import rotate_client_secret
from app.config import settings
from app.database.connections import connect
from app.extensions import db
from tests.tables import each

HONEST = {
    "name": "Acme Notebook",
    "type": "confidential",
    "redirect_uris": ["https://notebook.acme.example/callback"],
    "scopes": ["memories:read"],
}


@pytest.fixture
def register(app):
    """Register a client of a new organization with honest fields except those given; its id and secret."""

    def register(**changed):
        with app.app_context():
            client, secret = register_client(
                db.session(), settings(), organization=create_organization("Acme"), **{**HONEST, **changed}
            )
            db.session.commit()
            return client.client_id, secret

    return register


def test_confidential_client_gets_a_secret_that_is_stored_as_digest_and_hint(app, register):
    client_id, secret = register()

    assert re.fullmatch(r"client_[0-9a-f]{24}", client_id)
    assert re.fullmatch(r"rlq_cs_[0-9a-f]{64}", secret)
    with app.app_context():
        (stored,) = db.session.get(Client, client_id).secrets
        assert (stored.digest, stored.hint) == (credentials.digest(secret), secret[-4:])
        assert secret not in stored_text()


def test_public_client_gets_no_secret(app, register):
    client_id, secret = register(type="public")

    assert secret is None
    with app.app_context():
        assert db.session.get(Client, client_id).secrets == []


def test_fields_are_stored_trimmed_and_scopes_in_their_order(app, register):
    client_id, _ = register(
        name="  Acme Notebook ",
        description=" One\r\nTwo ",
        homepage_url=" https://acme.example ",
        scopes=["integrations:read", "offline_access", "memories:read"],
        native_app=True,
        require_pkce=True,
    )

    with app.app_context():
        client = db.session.get(Client, client_id)
        assert (client.name, client.description, client.homepage_url) == (
            "Acme Notebook",
            "One\nTwo",
            "https://acme.example",
        )
        assert client.scope == "memories:read integrations:read"
        assert (client.native_app, client.require_pkce) == (True, True)


@each(
    ("field", "value", "says"),
    [
        ("name", "", "Give the app a name"),
        ("name", " \t ", "Give the app a name"),
        ("name", "x" * 101, "101 characters"),
        ("name", "Acme\x00Notebook", "control character"),
        ("name", "Acme\nNotebook", "control character"),
        ("name", "Acme\u202ekoobetoN", "control character"),
        ("name", "Acme\u200bNotebook", "control character"),
        ("name", "Acme\udcffNotebook", "control character"),
        ("name", "\u200d", "no visible character"),
        ("description", "x" * 501, "501 characters"),
        ("description", "a\x00b", "control character"),
        ("description", "a\u2066b", "control character"),
        ("homepage_url", "javascript:alert(1)", "not a web address"),
        ("homepage_url", "http://acme.example", "uses http"),
        ("homepage_url", "acme.example", "does not start with a scheme"),
        ("homepage_url", "https://acme.example/" + "x" * 2000, "longer than"),
        ("type", "", "Choose whether"),
        ("type", "native", "Choose whether"),
        ("redirect_uris", [], "at least one redirect URI"),
        ("redirect_uris", ["http://acme.example/callback"], "uses http"),
        ("redirect_uris", ["https://a.example", "https://a.example"], "more than once"),
        ("redirect_uris", [f"https://a.example/{number}" for number in range(21)], "20 is the most"),
        ("scopes", [], "at least one scope"),
        ("scopes", ["offline_access"], "at least one scope"),
        ("scopes", ["memories:read", "memories:admin"], "There is no scope “memories:admin”"),
    ],
)
def test_wrong_field_is_refused_by_name(app, register, field, value, says):
    with pytest.raises(ClientError) as refused:
        register(**{field: value})

    assert refused.value.field == field
    assert says in refused.value.sentence
    assert refused.value.problems == [(field, refused.value.sentence)]
    with app.app_context():
        assert db.session.query(Client).count() == 0


@each(
    ("field", "value"),
    [
        ("name", "x" * 100),
        ("name", "ノート 📓 نوشته\u200cها"),
        ("description", "x" * 500),
        ("description", "One line\nand another"),
        ("homepage_url", "http://localhost:3000"),
        ("redirect_uris", [f"https://a.example/{number}" for number in range(20)]),
    ],
)
def test_field_may_go_to_its_limit(app, register, field, value):
    client_id, _ = register(**{field: value})

    with app.app_context():
        assert getattr(db.session.get(Client, client_id), field) == value


def test_every_problem_is_told_at_once(register):
    with pytest.raises(ClientError) as refused:
        register(name="", redirect_uris=["http://a.example", "https://*.example"], scopes=[])

    assert [field for field, _ in refused.value.problems] == ["name", "redirect_uris", "redirect_uris", "scopes"]


def test_update_changes_what_differs_and_records_it(app, register):
    client_id, secret = register()
    with app.app_context():
        client = db.session.get(Client, client_id)
        update_client(
            db.session(),
            settings(),
            client,
            actor_user_id="usr_1",
            name="Acme Diary",
            redirect_uris=["https://diary.acme.example/callback"],
            scopes=["memories:read"],
        )
        db.session.commit()

    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(kind="client.updated").one()
        assert (event.actor_user_id, event.client_key) == ("usr_1", client_id)
        assert event.details == {
            "before": {"name": "Acme Notebook", "redirect_uris": ["https://notebook.acme.example/callback"]},
            "after": {"name": "Acme Diary", "redirect_uris": ["https://diary.acme.example/callback"]},
            "version": 2,
        }
        with connect(db.engine) as connection:
            found = find_client(connection, client_id, secret)
        assert (found.name, found.redirect_uris) == ("Acme Diary", ["https://diary.acme.example/callback"])
        assert found.check_client_secret(secret)


def test_update_without_a_difference_records_nothing(app, register):
    client_id, _ = register()
    with app.app_context():
        fields = {name: value for name, value in HONEST.items() if name != "type"}
        update_client(db.session(), settings(), db.session.get(Client, client_id), actor_user_id=None, **fields)
        db.session.commit()

        assert db.session.query(AuditEvent).filter_by(kind="client.updated").count() == 0


def test_wrong_update_changes_nothing(app, register):
    client_id, _ = register()
    with app.app_context():
        client = db.session.get(Client, client_id)
        with pytest.raises(ClientError):
            update_client(
                db.session(),
                settings(),
                client,
                actor_user_id=None,
                name="Acme Diary",
                redirect_uris=[],
                scopes=["memories:read"],
            )

        assert client not in db.session.dirty


def test_rotation_ends_every_earlier_secret(app, register, monkeypatch):
    client_id, first = register()
    at = clock.now().replace(year=2031)
    monkeypatch.setattr(clock, "now", lambda: at)
    with app.app_context():
        _, second = rotate_client_secret(db.session(), db.session.get(Client, client_id), actor_user_id="usr_1")
        db.session.commit()

    with app.app_context():
        assert secret_works(client_id, second)
        assert not secret_works(client_id, first)
        assert db.session.get(ClientSecret, credentials.digest(first)).revoked_at == at
        event = db.session.query(AuditEvent).filter_by(kind="client.secret_rotated").one()
        assert event.details == {"secret_id": db.session.get(ClientSecret, credentials.digest(second)).id}
        assert first not in stored_text()
        assert second not in stored_text()


def test_public_client_has_no_secret_to_rotate(app, register):
    client_id, _ = register(type="public")
    with app.app_context():
        with pytest.raises(ClientError):
            rotate_client_secret(db.session(), db.session.get(Client, client_id), actor_user_id=None)

        assert db.session.query(ClientSecret).count() == 0


def test_registration_is_recorded_without_the_secret(app, register):
    client_id, _secret = register(actor_user_id="usr_1")

    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(kind="client.registered").one()
        assert (event.actor_user_id, event.client_key) == ("usr_1", client_id)
        assert event.organization_id == db.session.get(Client, client_id).organization_id
        assert event.details == {"name": "Acme Notebook", "type": "confidential"}


def secret_works(client_id: str, secret: str) -> bool:
    with connect(db.engine) as connection:
        return find_client(connection, client_id, secret).check_client_secret(secret)


def stored_text() -> str:
    """Every value of every column of the database, as text."""
    tables = db.metadata.sorted_tables
    return "\n".join(str(tuple(row)) for table in tables for row in db.session.execute(table.select()))
