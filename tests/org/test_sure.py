"""What stops others, or cannot be undone, is asked about once, on a page that says what it costs."""

import re
from html import unescape
from pathlib import Path

import pytest

from app import clock
from app.accounts.invitations import invite
from app.accounts.organizations import find_organization
from app.clients.models import ClientResource, ClientSecret
from app.extensions import db
from tests.actors import Browser
from tests.org.conftest import in_acme, send, signed_in
from tests.tables import each

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
ROOT, CLIENT = "/org/oauth", "/org/oauth/{client_id}"
_SERVICE = "https://shelf.acme.example/api"

#: Where each asks, the button that says yes, what is typed with it, and what its page must name.
ACTS = [
    (CLIENT + "/suspend", "Suspend the app", {}, ("1 person has it connected", "1 access token", "resume it under Danger")),
    (CLIENT + "/rotate-everything", "Rotate everything", {}, ("1 secret ends", "1 refresh token", "there is none")),
    (ROOT + "/organization/rotate-secrets", "Make new secrets", {}, ("1 secret ends now", "Acme Notebook", "1 person has one")),
    (CLIENT + "/delete", "Delete the app", {"typed_name": "Acme Notebook"}, ("It ends for 1 person", "1 access token")),
    (CLIENT + "/resources/{resource_id}/remove", "Remove it", {}, ("no app can get another one", "1 person allows an app")),
    (CLIENT + "/secrets/{secret_id}/retire", "Retire the secret", {}, ("only secret", "make another secret")),
    (ROOT + "/members/{alice}/remove", "Remove Alice Archer", {}, ("lose sight of its apps", "invite them again")),
    (ROOT + "/members/leave", "Leave Acme", {}, ("lose sight of its apps", "invite you again")),
    (ROOT + "/invitations/{invitation_id}/revoke", "Withdraw the invitation", {}, ("stops working", "another invitation")),
    (ROOT + "/organization/delete", "Delete the organization", {"typed_name": "Acme"}, ("Its app is deleted", "It ends for 1 person")),
]  # fmt: skip


@pytest.fixture
def ids(app, olive, bob, alice, notebook) -> dict[str, str]:
    """Acme with an app that Alice has connected, and somebody who is invited. A second owner, so that one may go."""
    browser = signed_in(app, alice)
    with app.app_context():
        service = ClientResource(
            client_key=notebook.client_id, address=_SERVICE, matched=_SERVICE, proved_at=clock.now()
        )
        db.session.add(service)
        db.session.commit()
        resource_id = service.id
    notebook.tokens(browser, resource=_SERVICE)
    with app.app_context():
        acme = find_organization("acme")
        invitation, _ = invite(acme.id, role="member", label="Dora", actor_user_id=olive.id)
        db.session.commit()
        secret = db.session.query(ClientSecret).filter_by(client_key=notebook.client_id).one()
        ids = {
            "client_id": notebook.client_id,
            "secret_id": secret.id,
            "invitation_id": invitation.id,
            "resource_id": resource_id,
        }
    owner = signed_in(app, olive)
    owner.submit(owner.get(ROOT + "/members"), action=f"{ROOT}/members/{bob.id}/role", role="owner")
    return ids | {"alice": alice.id}


@pytest.fixture
def owner(app, olive, ids) -> Browser:
    return signed_in(app, olive)


def told(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


@each(("path", "press", "typed", "says"), ACTS)
def test_it_is_asked_once_and_the_page_says_what_it_costs(owner, ids, stored, path, press, typed, says):
    before = stored()

    page = owner.get(path.format(**ids))

    assert page.status_code == 200
    for sentence in (*says, "The way back:"):
        assert sentence in told(page)
    assert "<script" not in page.text.split("<main")[1].replace('<script src="/static/js/', "")
    assert stored() == before, "A GET has changed something."

    assert owner.submit(page, press=press, **typed).status_code in (200, 303)
    assert stored() != before


@each(("path", "press", "typed", "says"), ACTS)
def test_a_look_ahead_changes_nothing(owner, ids, stored, path, press, typed, says):
    before = stored()
    for method in ("GET", "HEAD"):
        for query in ("", "?sure=1&typed_name=Acme+Notebook&typed_name=Acme"):
            answer = owner._open(path.format(**ids) + query, method=method, headers={"Sec-Purpose": "prefetch"})
            assert answer.status_code < 500
    assert stored() == before


_WRONG_MARKS = (None, "", "1", "on", "0" * 64, "ü", "x" * 10_000)


@each(("mark", "path", "typed"), [(mark, path, typed) for mark in _WRONG_MARKS for path, _, typed, _ in ACTS])
def test_nothing_is_done_but_from_the_page_that_asks(owner, ids, stored, path, typed, mark):
    """A form that was made elsewhere, or a button of an earlier version left open, asks instead of acting."""
    before = stored()
    data = typed | {"once": "0" * 32} | ({} if mark is None else {"sure": mark})
    if path.startswith(ROOT + "/members") or "organization" in path or "invitations" in path:
        data["organization"] = in_acme(owner.client.application)

    page = send(owner, path.format(**ids), **data)

    assert page.status_code == (409 if mark else 200)
    assert "The way back:" in told(page)
    assert stored() == before


def test_the_answer_to_one_question_is_none_to_another(owner, ids, stored):
    suspend, delete = (owner.get(f"{ROOT}/{ids['client_id']}/{act}") for act in ("suspend", "delete"))
    before = stored()
    mark = re.search(r'name="sure" type="hidden" value="(\w+)"', suspend.text)[1]

    page = owner.submit(delete, press="Delete the app", typed_name="Acme Notebook", sure=mark)

    assert page.status_code == 409
    assert "Something has changed since you opened this page" in told(page)
    assert stored() == before


def test_whoever_was_told_that_another_secret_works_is_asked_again_when_it_does_not(app, owner, ids, bob, notebook):
    path = f"{ROOT}/{ids['client_id']}/secrets"
    owner.submit(owner.get(f"{path}/new"), press="Make the secret")
    page = owner.get(f"{path}/{ids['secret_id']}/retire")
    assert "1 other secret keeps working" in told(page)
    with app.app_context():
        (other,) = [one.id for one in db.session.query(ClientSecret) if one.id != ids["secret_id"]]
    colleague = signed_in(app, bob)
    colleague.submit(colleague.get(f"{path}/{other}/retire"), press="Retire the secret")

    page = owner.submit(page, press="Retire the secret")

    assert page.status_code == 409
    assert "It is the only secret" in told(page)
    assert notebook.client_credentials().status_code == 200
    assert owner.submit(page, press="Retire the secret").status_code == 303


# -- roles -------------------------------------------------------------------------------------------


def choose_role(browser: Browser, person, role: str):
    path = f"{ROOT}/members/{person.id}/role"
    return browser.submit(browser.get(ROOT + "/members"), action=path, press="Change", role=role)


def test_a_lesser_role_is_asked_about_and_a_greater_one_is_not(owner, alice, stored):
    assert choose_role(owner, alice, "admin").status_code == 303
    before = stored()

    page = choose_role(owner, alice, "member")

    assert page.status_code == 200
    assert "They are admin now" in told(page)
    assert "give them the role again" in told(page)
    assert stored() == before
    assert owner.submit(page, press="Make Alice Archer member").status_code == 303
    assert stored() != before


def test_whoever_gives_up_their_own_role_reads_that_they_cannot_take_it_back(owner, olive):
    assert "not yours" in told(choose_role(owner, olive, "member"))


def test_a_role_that_changed_meanwhile_is_asked_about_again(app, owner, bob, olive, stored):
    page = choose_role(owner, bob, "member")
    assert "They are owner now" in told(page)
    colleague = signed_in(app, bob)
    colleague.submit(choose_role(colleague, bob, "admin"), press="Make Bob Baker admin")
    before = stored()

    page = owner.submit(page, press="Make Bob Baker member")

    assert page.status_code == 409
    assert "They are admin now" in told(page)
    assert stored() == before


def test_nothing_of_a_draft_is_suspended_or_rotated(owner, stored):
    fields = {"name": "Half", "type": "confidential"}
    page = owner.follow(owner.submit(owner.get(ROOT + "/register"), press="Save as a draft", **fields))
    before = stored()
    for act in ("suspend", "rotate-everything"):
        assert owner.get(f"{page.request.path}/{act}").status_code == 303
        assert send(owner, f"{page.request.path}/{act}", once="0" * 32).status_code == 303
    assert stored() == before


#: Forms that act at once. What they do only adds something, or is undone by the same person on the same page.
AT_ONCE = {
    "activate", "add_client_resource", "add_secret", "change_logo", "edit_settings", "end_secret", "finish_playground",
    "invite_member", "send_invitation", "join", "let_secret_pass", "prove_client_resource", "register", "resume",
    "show_organizations", "start_playground", "switch",
}  # fmt: skip
#: Those that ask first, each with its page.
ASKING = {
    "add_scopes": "scopes", "delete": "delete", "demand_second_factor": "second_factor", "delete_whole_organization": "organization", "give_role": "demote",
    "leave": "leave", "register_address": "address", "remove": "remove",
    "remove_client_resource": "resource", "retire_secret": "retire",
    "rotate_all": "rotate", "rotate_secrets": "secrets", "suspend": "suspend", "withdraw_invitation": "withdraw",
}  # fmt: skip


def test_every_form_of_the_dashboard_either_asks_or_can_be_undone(app):
    """A new one has to be put on one of the two lists."""
    posting = {
        rule.endpoint.removeprefix("org.")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("org.") and "POST" in rule.methods
    }
    assert posting == AT_ONCE | ASKING.keys()


def test_every_page_that_asks_is_of_one_pattern():
    pages = {path.stem: path.read_text() for path in (TEMPLATES / "org" / "sure").glob("*.html")}
    assert pages.keys() == set(ASKING.values())
    for name, text in pages.items():
        assert text.count("{% call are_you_sure(form, access, ") == 1, name
        assert "The way back:" in text and "<form" not in text, name


@each("act", ["suspend", "rotate-everything", "delete"])
def test_what_nobody_has_is_not_counted(app, olive, notebook, act):
    """“0 access tokens and 0 refresh tokens end now” is no cost."""
    page = signed_in(app, olive).get(f"{ROOT}/{notebook.client_id}/{act}")
    assert "Nobody has it connected." in told(page) and "No token of it is alive" in told(page)
    assert re.search(r"\b0 (app|person|people|secret|access|refresh)", told(page)) is None


def test_an_organization_without_apps_loses_none(app, olive):
    page = signed_in(app, olive).get(f"{ROOT}/organization/delete")
    assert "It has no apps." in told(page)
    assert re.search(r"\b0 (app|person|people|secret|access|refresh)", told(page)) is None


def test_the_only_secret_is_said_to_be_so_once(owner, ids):
    page = owner.get((CLIENT + "/secrets/{secret_id}/retire").format(**ids))
    assert "It is the only secret." in told(page) and "No other secret works" not in told(page)


def test_what_is_done_at_once_is_not_said_to_ask(owner, ids):
    """To resume asks nothing, so the page must not say that each button does."""
    path = f"{ROOT}/{ids['client_id']}"
    assert "Each of these first says what it costs" in told(owner.get(path + "/danger"))
    page = owner.follow(owner.submit(owner.get(path + "/suspend"), press="Suspend the app"))
    assert "To resume is done at once. Each of the others first says what it costs" in told(page)
