"""Organizations, their slugs, and who may do what in them."""

import pytest

from app.accounts import organizations
from app.accounts.models import User
from app.accounts.organizations import (
    SlugTaken,
    add_member,
    can_administer,
    create_organization,
    find_membership,
    find_organization,
    find_role,
)
from app.extensions import db
from tests.tables import each


@each("name", ["Reliquary", "reliquary, Inc.", "The Reliquary Team", "Re1iquary", "\uff32eliquary-Support"])
def test_only_an_operator_founds_one_that_is_called_as_the_site(app, browser, alice, name):
    """People would take its apps for ours: an app is told to be registered by its organization."""
    browser.enter(alice)
    page = browser.get("/org/oauth/organizations")
    refused = browser.submit(page, name=name)
    assert refused.status_code == 400 and "That is what this server itself is called" in refused.text
    with app.app_context():
        db.session.get_one(User, alice.id).is_operator = True
        db.session.commit()
    assert browser.submit(page, name=name).status_code == 303


@each("name", ["Acme", "Friends of Reliquary", "Support", "Reliquarium", "The Team"])
def test_other_names_are_let_be(app, browser, alice, name):
    browser.enter(alice)
    assert browser.submit(browser.get("/org/oauth/organizations"), name=name).status_code == 303


@each(
    ("name", "slug"),
    [
        ("Acme", "acme"),
        ("  Acme,  Inc. ", "acme-inc"),
        ("Bücher & Söhne", "bucher-sohne"),
        ("東京", "organization"),
        ("x" * 100, "x" * 50),
    ],
)
def test_slug_is_made_from_the_name(app, name, slug):
    with app.app_context():
        assert create_organization(name).slug == slug


def test_second_organization_of_a_name_has_another_slug(app):
    with app.app_context():
        slugs = [create_organization("Acme").slug for _ in range(12)]
        db.session.commit()
    assert slugs[:3] == ["acme", "acme-2", "acme-3"]
    assert len(set(slugs)) == 12


def test_slug_taken_since_we_looked_is_passed_over(app, monkeypatch):
    with app.app_context():
        create_organization("Acme")
        db.session.commit()
        monkeypatch.setattr(organizations, "find_organization", lambda slug: None)
        assert create_organization("Acme").slug == "acme-2"


def test_given_slug_is_used_as_it_is_or_refused(app):
    with app.app_context():
        assert create_organization("Acme", slug="the-acme").slug == "the-acme"
        with pytest.raises(SlugTaken):
            create_organization("Another", slug="the-acme")


def test_role_is_found_in_the_organization_only(app, alice, bob, carol):
    with app.app_context():
        acme, globex = find_organization("acme"), find_organization("globex")
        assert find_role(alice.id, acme.id) == "member"
        assert find_role(bob.id, acme.id) == "admin"
        assert find_role(carol.id, globex.id) == "owner"
        assert find_role(carol.id, acme.id) is None
        assert find_role(bob.id, globex.id) is None


@each(("role", "may"), [("owner", True), ("admin", True), ("member", False), (None, False)])
def test_owners_and_admins_administer(role, may):
    assert can_administer(role) is may


def test_there_is_no_other_role(app, alice):
    with app.app_context(), pytest.raises(ValueError, match="owner, admin, member"):
        add_member(find_organization("acme"), db.session.get(User, alice.id), "superuser")


def test_first_organization_is_the_first_by_name(app, alice):
    with app.app_context():
        add_member(create_organization("Aardvark"), db.session.get(User, alice.id), "member")
        db.session.commit()
        assert find_membership(alice.id)[0].name == "Aardvark"


def test_person_of_no_organization_has_no_first(app, alice):
    with app.app_context():
        assert find_membership("usr_nobody") is None
