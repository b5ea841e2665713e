"""The list of apps: found, counted and paged, in as many statements for hundreds as for one."""

import re

import pytest

from app import clock
from app.accounts.models import User
from app.accounts.organizations import find_organization
from app.clients.models import Client
from app.clients.registration import register_client
from app.config import settings
from app.consents.models import Consent
from app.extensions import db
from app.last_uses import LastUses
from app.org.listing import PAGE_SIZE
from tests.statements import noted_statements
from tests.tables import each

LIST = "/org/oauth/"


@pytest.fixture
def add_apps(app, bob):
    def add(*names: str, draft: bool = False) -> None:
        with app.app_context():
            for name in names:
                register_client(
                    db.session(),
                    settings(),
                    organization=find_organization("acme"),
                    name=name,
                    type="public",
                    redirect_uris=["https://app.acme.example/callback"],
                    scopes=["memories:read"],
                    draft=draft,
                )
            db.session.commit()

    return add


@pytest.fixture
def several(add_apps) -> None:
    add_apps("100% Acme", "Snake_case")
    add_apps("Draft App", draft=True)


def names(page) -> list[str]:
    return re.findall(r'<a href="/org/oauth/client_[^"]+"><bdi>([^<]+)</bdi>', page.text)


def test_hundreds_are_paged_and_each_appears_once(app, admin, add_apps):
    wanted = [f"App {number:03}" for number in range(2 * PAGE_SIZE + 3)]
    add_apps(*wanted)

    page, seen = admin.get(LIST), []
    assert f"Page 1 of 3, {len(wanted)} apps" in page.text
    while True:
        seen += names(page)
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        if following is None:
            break
        page = admin.get(following[1].replace("&amp;", "&"))

    assert seen == wanted
    assert 'rel="prev"' in page.text


def test_page_costs_as_many_statements_however_many_there_are(app, admin, add_apps):
    add_apps("App 1")
    with noted_statements(app) as few:
        admin.get(LIST)
    add_apps(*[f"App {number}" for number in range(60)])
    with noted_statements(app) as many:
        admin.get(LIST)

    assert len(many) == len(few)


@each(
    ("query", "found"),
    [
        ("q=note", ["Acme Notebook"]),
        ("q=NOTE", ["Acme Notebook"]),
        ("q=%25", ["100% Acme"]),
        ("q=_", ["Snake_case"]),
        ("q={client_id}", ["Acme Notebook"]),
        ("status=draft", ["Draft App"]),
        ("status=suspended", []),
        ("q=app&status=draft", ["Draft App"]),
        ("q=nothing", []),
        ("q=%00note", ["Acme Notebook"]),
        ("q=" + "x" * 5000, []),
        ("q=%ff", None),
        ("page=2", None),
        ("page=-1", None),
        ("page=99999999999", None),
        ("page=%D9%A3", None),
        ("status=x", None),
    ],
)
def test_search_and_status(admin, several, notebook, query, found):
    page = admin.get(f"{LIST}?{query.format(client_id=notebook.client_id)}")

    assert page.status_code == 200
    if found is not None:
        assert names(page) == found


def test_people_who_are_connected_are_counted(app, admin, notebook, alice, carol, bob):
    with app.app_context():
        at = clock.now()
        for person, ended in ((alice, {}), (carol, {"revoked_at": at}), (bob, {"expires_at": at})):
            user = db.session.get(User, person.id)
            db.session.add(
                Consent(user_id=user.id, client_key=notebook.client_id, scope="memories:read", selection="all", **ended)
            )
        db.session.commit()

    assert '<td data-label="People">1</td>' in admin.get(LIST).text


def test_last_use_is_that_of_a_secret_or_of_a_persons_token(app, admin, notebook):
    assert '<td data-label="Last used">never</td>' in admin.get(LIST).text
    notebook.client_credentials()
    app.extensions["services"].notes.of(LastUses).flush()
    assert '<td data-label="Last used">never</td>' not in admin.get(LIST).text


def test_status_is_told_of_each(app, admin, add_apps, notebook):
    add_apps("Draft App", draft=True)
    with app.app_context():
        db.session.get(Client, notebook.client_id).suspended_at = clock.now()
        db.session.commit()

    page = admin.get(LIST).text

    assert "Draft</span>" in page
    assert "Suspended</span>" in page
    assert names(admin.get(LIST + "?status=active")) == []


@each(
    ("name", "queries"),
    [
        ("Łódź Notes", ["lodz", "ŁÓDŹ", "o\u0301d"]),
        ("Straße", ["STRASSE"]),
        ("東京の学校", ["学校", "校"]),
        ("がっこう", ["か\u3099っ"]),
    ],
)
def test_an_app_is_found_in_every_spelling(admin, add_apps, name, queries):
    add_apps(name, "かっこう")
    for query in queries:
        page = admin.get(LIST, query_string={"q": query})
        assert names(page) == [name], query
