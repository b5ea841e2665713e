"""The people of an organization: their roles, finding one of many, and never without an owner."""

import re

import pytest
from sqlalchemy import event

from app.accounts.models import User
from app.accounts.organizations import add_member, find_organization, list_organizations
from app.database.patience import REQUEST_SECONDS, find_patience
from app.extensions import db
from tests.org.conftest import MEMBERS, give_role, in_acme, invite, kinds, role_of, send, signed_in
from tests.statements import noted_statements
from tests.tables import each


def test_changed_role_acts_at_once(app, owner, alice, notebook):
    browser = signed_in(app, alice)
    assert browser.get("/org/oauth/register").status_code == 403

    page = owner.follow(give_role(owner, alice, "admin"))

    assert "The role was changed" in page.text
    assert browser.get("/org/oauth/register").status_code == 200
    assert kinds(app)[-1] == "member.role_changed"


@pytest.mark.parametrize(
    ("who", "role"), [("olive", "member"), ("olive", "admin"), ("alice", "owner"), ("bob", "owner")]
)
def test_admin_neither_makes_nor_unmakes_an_owner(app, request, admin, olive, alice, bob, stored, who, role):
    person = request.getfixturevalue(who)
    before = stored()

    response = send(admin, f"{MEMBERS}/{person.id}/role", role=role, organization=in_acme(app))

    assert response.status_code == 403
    assert stored() == before


def test_admin_does_not_remove_an_owner(app, admin, olive, stored):
    before = stored()

    assert admin.get(f"{MEMBERS}/{olive.id}/remove").status_code == 403
    assert send(admin, f"{MEMBERS}/{olive.id}/remove", organization=in_acme(app)).status_code == 403
    assert stored() == before


@each("role", ["emperor", "", "x" * 10_000, "\x00"])
def test_unknown_role_changes_nothing(app, owner, alice, stored, role):
    before = stored()

    page = owner.follow(send(owner, f"{MEMBERS}/{alice.id}/role", role=role, organization=in_acme(app)))

    assert "Choose a role" in page.text
    assert stored() == before


def test_somebody_of_another_organization_has_no_role_to_change(app, owner, carol, stored):
    before = stored()

    for path in (f"{MEMBERS}/{carol.id}/role", f"{MEMBERS}/{carol.id}/remove"):
        assert send(owner, path, role="admin", organization=in_acme(app)).status_code == 404
    assert stored() == before


def test_removed_member_sees_nothing_any_more(app, admin, alice, notebook):
    browser = signed_in(app, alice)
    assert browser.get(f"/org/oauth/{notebook.client_id}").status_code == 200

    admin.submit(admin.get(f"{MEMBERS}/{alice.id}/remove"), press="Remove Alice Archer")

    assert browser.get(f"/org/oauth/{notebook.client_id}").status_code == 404
    assert "You do not belong" in browser.get("/org/oauth/").text
    assert kinds(app)[-1] == "member.removed"


# -- the last owner -----------------------------------------------------------------------------------


def test_last_owner_cannot_leave(app, owner, stored):
    before = stored()

    page = owner.follow(owner.submit(owner.get(f"{MEMBERS}/leave"), press="Leave Acme"))

    assert "this is its last" in page.text
    assert stored() == before


@pytest.mark.parametrize("role", ["admin", "member"])
def test_last_owner_cannot_be_demoted(app, owner, olive, stored, role):
    before = stored()

    page = owner.follow(give_role(owner, olive, role))

    assert "this is its last" in page.text
    assert stored() == before


def test_owner_who_is_not_the_last_may_go(app, owner, alice, olive):
    give_role(owner, alice, "owner")

    owner.submit(owner.get(f"{MEMBERS}/leave"), press="Leave Acme")

    assert (role_of(app, olive), role_of(app, alice)) == (None, "owner")


# -- the organization itself --------------------------------------------------------------------------


def test_deleted_organization_takes_its_apps_along(app, owner, notebook, bob):
    page = owner.get("/org/oauth/organization/delete")
    assert owner.submit(page, press="Delete the organization", typed_name="acme").status_code == 400
    assert notebook.client_credentials().status_code == 200

    page = owner.follow(owner.submit(page, press="Delete the organization", typed_name="Acme"))

    assert "Acme was deleted" in page.text
    assert notebook.client_credentials().status_code == 401
    assert "You do not belong" in signed_in(app, bob).get("/org/oauth/").text
    assert kinds(app)[-1] == "organization.deleted"


def test_an_organization_without_apps_may_take_long_to_delete(app, owner):
    """It may have two hundred thousand memories, which take longer than a page waits for the database."""
    left = []

    def note(_connection, _cursor, statement, *_more) -> None:
        if statement.startswith("DELETE FROM organizations"):
            left.append(find_patience().left)

    engine = app.extensions["services"].engine
    page = owner.get("/org/oauth/organization/delete")
    event.listen(engine, "before_cursor_execute", note)
    try:
        owner.submit(page, press="Delete the organization", typed_name="Acme")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert [seconds > REQUEST_SECONDS for seconds in left] == [True]


def test_what_a_deletion_costs_is_counted_at_once(app, owner, notebook, pocket):
    with noted_statements(app) as noted:
        owner.get("/org/oauth/organization/delete")
    assert len([statement for statement, _values in noted if "FROM client_secrets" in statement]) == 1


def test_hundreds_of_members_come_a_page_at_a_time_and_are_found(app, owner, bob):
    with app.app_context():
        organization = find_organization("acme")
        for number in range(60):
            person = User(email=f"p{number}@Home.example", name=f"Person {number:02}", password_hash="none")
            db.session.add(person)
            db.session.flush()
            add_member(organization, person, "member")
        db.session.commit()

    def names(query: str) -> list[str]:
        page = owner.get(f"/org/oauth/members{query}")
        assert page.status_code == 200 and "Invite somebody" in page.text
        return re.findall(r'<th scope="row"><bdi>(Person \d\d)</bdi>', page.text)

    first, second, third = names(""), names("?page=2"), names("?page=3")
    assert sorted({*first, *second, *third}) == [f"Person {number:02}" for number in range(60)]
    assert len(second) == 25 and names("?page=999") == third and names("?page=\u00b2") == names("?page=-1") == first
    assert names("?q=person+17") == names("?q=P17@home") == ["Person 17"]
    assert names("?q=home.EXAMPLE&page=2") == [f"Person {number:02}" for number in range(25, 50)]
    with noted_statements(app) as noted:
        names("?page=999")
        owner.get(f"{MEMBERS}/{bob.id}/remove")
    listed = [one for one, _values in noted if "users.email" in one and "JOIN memberships" in one]
    # There may be fifty thousand: no more of them are read than are shown, or asked for by name.
    assert listed and all("LIMIT" in one or "users.id = " in one for one in listed)
    nobody = owner.get("/org/oauth/members?q=%00zzz<b>")
    assert "No member matches." in nobody.text and "<b>" not in nobody.text


def test_an_act_leads_back_to_where_the_list_was(app, owner, leon):
    """A thousand members are searched again otherwise, for each one that is changed."""
    with app.app_context():
        add_member(find_organization("acme"), db.session.get_one(User, leon.id), "member")
        db.session.commit()
    place, path = "/org/oauth/members?q=leon", f"/org/oauth/members/{leon.id}/"
    promoted = owner.submit(owner.get(place), action=path + "role", role="admin")
    assert promoted.location == place
    asked = owner.submit(owner.get(place), action=path + "role", role="member")
    assert f'href="{place}"' in asked.text
    assert owner.submit(asked, press=f"Make {leon.name} member").location == place
    asked = owner.get(re.search(rf'href="({path}remove[^"]*)"', owner.get(place).text)[1])
    assert owner.submit(asked, press=f"Remove {leon.name}").location == place
    invite(owner, label="Leonie")
    page = owner.get("/org/oauth/members?q=leonie")
    asked = owner.get(re.search(r'href="([^"]*/revoke[^"]*)"', page.text)[1])
    assert owner.submit(asked, press="Withdraw the invitation").location == "/org/oauth/members?q=leonie"


def test_anybody_may_found_an_organization_and_owns_it(app, leon):
    browser = signed_in(app, leon)
    page = browser.get("/org/oauth/organizations")
    assert browser.submit(page, press="Create the organization", name=" ").status_code == 400
    assert browser.submit(page, press="Create the organization", name="a\x00b").status_code == 400

    page = browser.follow(browser.submit(page, press="Create the organization", name="Leon's Own"))

    assert "Apps of Leon&#39;s Own" in page.text
    assert browser.get("/org/oauth/organization/delete").status_code == 200


def test_one_person_owns_so_many_organizations_at_most(app, leon, monkeypatch):
    monkeypatch.setattr("app.accounts.organizations.MOST_OWNED", 1)
    browser = signed_in(app, leon)
    page = browser.get("/org/oauth/organizations")
    assert browser.submit(page, press="Create the organization", name="One").status_code == 303
    page = browser.submit(browser.get("/org/oauth/organizations"), press="Create the organization", name="Two")
    assert page.status_code == 400 and "Delete one that nobody needs first." in page.text
    with app.app_context():
        assert len(list_organizations(leon.id)) == 1


def test_a_second_click_founds_one_organization(app, leon):
    browser = signed_in(app, leon)
    page = browser.get("/org/oauth/organizations")
    for name in ("Leon's Own", "Leon's Own", "Leon's Other"):
        assert browser.submit(page, press="Create the organization", name=name).status_code == 303
    with app.app_context():
        owned = [organization.name for organization, _ in list_organizations(leon.id)]
    assert sorted(owned) == ["Leon's Other", "Leon's Own"]
