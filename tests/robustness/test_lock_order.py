"""Every transaction takes its locks in the one order of :mod:`app.database.locks`, so that none waits in a circle."""

import re
from pathlib import Path

import pytest

from app import clock
from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.recovery import make_recovery_codes
from app.accounts.members import change_role, remove_member
from app.accounts.organizations import find_organization
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import DYNAMIC, Client
from app.clients.registration import register_client, update_client
from app.clients.secrets import add_another_secret, retire_client_secret
from app.extensions import db
from app.oauth.client_end import rotate_everything
from app.purge.accounts import purge_accounts
from app.purge.batches import Pace
from tests.accounts.passkeys.authenticator import Authenticator, add_passkey
from tests.actors import Browser
from tests.integrator import Integrator
from tests.memories.importing.archives import make_zip
from tests.personal.bringing.conftest import bring, look
from tests.protocol import let_time_pass  # noqa: F401
from tests.robustness.lock_order import find_disorder, recorded
from tests.unregistered import add_unregistered

_APP = Path(__file__).resolve().parents[2] / "app"


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture
def in_order(app):
    """Record what the test does; at its end nothing may have been out of order."""
    with app.app_context():
        engine_of = recorded()
        transactions = engine_of.__enter__()
    yield transactions
    with app.app_context():
        engine_of.__exit__(None, None, None)
        assert [one for one in transactions if len(one) > 1], "Nothing was recorded."
        disorder = [(sentence, one) for one in transactions for sentence in find_disorder(one)]
    assert not disorder, "\n".join([disorder[0][0], *disorder[0][1]])


on_postgresql = pytest.mark.parametrize(
    "each_app", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True, scope="session"
)


@on_postgresql
def test_a_passkey_from_its_making_to_its_end(app, in_order, alice, browser):
    device = Authenticator()
    browser.enter(alice)
    path = f"/account/settings/sign-in/passkeys/{add_passkey(browser, device)}"
    page = browser.get("/sign-in?again=1")
    browser.submit(page, credential=device.answer(page))
    page = browser.get("/sign-in?again=1")
    browser.submit(page, credential=device.answer(page, count=0))
    browser.submit(browser.get(f"{path}/remove"), press="Remove it")


@on_postgresql
def test_from_the_consent_to_the_replay(app, in_order, alice, browser, notebook):
    browser.sign_in(alice.email, alice.password)
    code = notebook.code(browser)
    tokens = notebook.exchange(code).json
    again = notebook.refresh(tokens["refresh_token"]).json
    notebook.refresh(again["refresh_token"])
    notebook.refresh(tokens["refresh_token"])
    notebook.exchange(notebook.code(browser))
    notebook.exchange(code)
    notebook.revoke(notebook.exchange(notebook.code(browser)).json["refresh_token"])


@on_postgresql
def test_an_app_that_a_document_describes(app, in_order, alice, browser, document_hosts, let_time_pass):  # noqa: F811
    """Read, allowed, read anew, gone, back; what its host does meanwhile is what a stranger likes."""
    url, uri = "https://agent.example/client.json", "http://127.0.0.1:8400/callback"
    said = {"client_id": url, "redirect_uris": [uri]}
    browser.enter(alice)
    agent = Integrator(app, url, None, uri, "memories:read")
    document_hosts.serve(url, said)
    code = agent.code(browser)
    agent.refresh(agent.exchange(code).json["refresh_token"])
    for status, more in ((200, {"client_name": "Agent"}), (503, {}), (404, {}), (200, {})):
        document_hosts.serve(url, said | more, status=status)
        let_time_pass(minutes=6)
        agent.start(browser)


@on_postgresql
def test_an_agent_that_is_the_same_as_before(app, in_order, alice, browser):
    """What an earlier connection saved and made goes to another one, from its own client's."""
    browser.sign_in(alice.email, alice.password)
    first, second = (add_unregistered(app, f"client_{number:024}", "Claude Code", DYNAMIC) for number in range(2))
    tokens = first.exchange(first.code(browser)).json
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    app.test_client().post("/api/v1/memories/", json={"title": "Bread", "text": "x"}, headers=headers)
    app.test_client().post("/api/v1/mementos/", json={"name": "Work"}, headers=headers)
    page = second.start(browser)
    second.answer(browser.submit(page, press="Authorize", same=tokens["grant_id"]))


@on_postgresql
def test_the_api(app, in_order, alice, browser, notebook):
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope="memories:read memories:write", choose={"selection": "none"})

    def call(method: str, path: str, json=None, token=tokens["access_token"], **headers):
        headers |= {"Authorization": f"Bearer {token}"}
        answer = app.test_client().open(f"/api/v1/{path}", method=method, json=json, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json

    memory = call("POST", "memories/", {"title": "Bread", "text": "x", "tags": ["a"]}, **{"Idempotency-Key": "1"})["id"]
    call("PATCH", f"memories/{memory}/", {"tags": ["b"], "title": "Cake"})
    made = call("POST", "mementos/", {"name": "Work"}, **{"Idempotency-Key": "2"})["id"]
    call("POST", f"mementos/memento_document/{made}/", {"add": [memory]})
    call("POST", f"mementos/memento_document/{made}/", {"remove": [memory]})
    call("DELETE", f"mementos/{made}/")
    call("DELETE", f"memories/{memory}/")
    own = notebook.client_credentials(scope="memories:read memories:write").json["access_token"]
    call("POST", "memories/", {"title": "Bread", "text": "x"}, token=own, **{"Idempotency-Key": "3"})


@on_postgresql
def test_a_persons_own_pages(app, in_order, alice, browser, notebook):
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope="memories:read memories:write", choose={"selection": "all"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    app.test_client().post("/api/v1/memories/", json={"title": "Bread", "text": "x"}, headers=headers)
    page = browser.get("/account/mementos/new")
    source = re.search(r'name="pick"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="pick"', page.text)
    pick = next(filter(None, source.groups()))
    saved = browser.submit(page, press="Make it", name="Work", pick=pick)
    path = saved.location
    browser.submit(browser.get(path + "edit"), press="Save", name="Work 2")
    copy = browser.submit(browser.get(path), action=path + "duplicate").location
    app_path = f"/account/apps/{tokens['grant_id']}/"
    memento_id = path.rstrip("/").rpartition("/")[2]
    review = browser.submit(
        browser.get(app_path + "mementos"), press=None, action=app_path + "mementos",
        selection="selected", memento_ids=[memento_id],
    )  # fmt: skip
    assert browser.submit(review, action=app_path + "mementos/apply").status_code == 303
    browser.submit(browser.get(app_path), action=app_path + "pause")
    browser.submit(browser.get(app_path), action=app_path + "resume")
    assert browser.submit(browser.get(path + "delete"), action=path + "delete").status_code == 303
    assert browser.submit(browser.get(copy + "delete"), action=copy + "delete").status_code == 303
    browser.submit(browser.get(app_path), press="Save what it may do", holds="one")
    browser.submit(browser.get("/account/apps/"), press="Save for all apps")
    browser.submit(browser.get("/account/never-shared/"), press="Never share this tag", tag="private")
    browser.submit(browser.get("/account/never-shared/"), press="Share it again: private")
    assert browser.submit(browser.get("/account/apps/pause-all"), press="Freeze everything").status_code == 303
    assert browser.end_app(tokens["grant_id"], memories="delete").status_code == 303


@on_postgresql
def test_the_address_and_the_password_of_an_account(app, in_order, alice, browser, sent_mail):
    browser.enter(alice)
    root, new = "/account/settings/", "seven herons over a lake"
    browser.submit(browser.get(root + "password/"), old=alice.password, new=new)
    for email in ("alice@home.example", "alice@third.example"):
        browser.submit(browser.get(root + "email/"), email=email)
        letter = next(one for one in sent_mail() if one.kind == "address_change")
        browser.submit(browser.get(letter.link(root)), press="Use this address")
    letter = next(one for one in sent_mail() if one.kind == "address_changed")
    back = browser.submit(browser.get(letter.link("/take-back")), press="Take it back")
    assert browser.submit(browser.follow(back), password=new).location == "/account/apps/look-back/"
    browser.submit(browser.get(root), press="Sign out everywhere")
    with app.app_context():
        code = make_recovery_codes(db.session(), alice.id)[0]
        db.session.add(OneTimeCodes(user_id=alice.id, sealed="x", confirmed_at=clock.now()))
        db.session.commit()
    browser.sign_in("alice@home.example", new)
    page = browser.get("/sign-in/second?with=recovery&next=/account/")
    assert browser.submit(page, code=code).location == "/account/"


@on_postgresql
def test_leaving_coming_back_and_going_for_good(app, in_order, alice, bob, browser, notebook, let_time_pass):  # noqa: F811
    browser.enter(alice)
    for _ in range(2):
        notebook.exchange(notebook.code(browser))
        page = browser.get("/account/settings/delete/")
        browser.submit(page, press="Delete my account", email=alice.email)
        page = browser.follow(browser.sign_in(alice.email, alice.password))
        browser.submit(page, press="Keep my account and sign in")
    page = browser.get("/account/settings/delete/")
    browser.submit(page, press="Delete my account", email=alice.email)
    let_time_pass(days=7)
    with app.app_context():
        assert purge_accounts(db.engine, Pace(lambda _seconds: True)) == ({"accounts": 1}, True)


@on_postgresql
def test_what_an_app_wrote_is_undone(app, in_order, alice, browser, notebook):
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope="memories:read memories:write", choose={"selection": "all"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def call(method: str, path: str = "", json=None) -> str:
        answer = app.test_client().open(f"/api/v1/memories/{path}", method=method, json=json, headers=headers)
        return "" if answer.json is None else answer.json["id"]

    kept, deleted = (call("POST", json={"title": title, "text": "x", "tags": ["a"]}) for title in "AB")
    call("PATCH", f"{kept}/", {"title": "C"})
    call("DELETE", f"{deleted}/")
    link = re.search(r'href="(/account/activity/undo/\d+)"', browser.get("/account/activity/undo/").text)[1]
    assert browser.submit(browser.get(link), press="Bring it back").status_code == 303
    since = browser.get("/account/activity/undo/since?moment=2026-01-01")
    assert browser.submit(since, press="Undo all of this").status_code == 303
    asked = browser.submit(browser.get("/account/activity/"), press="Keep it so long", days="0")
    assert browser.submit(asked, press="Keep nothing").status_code == 303


@on_postgresql
def test_what_people_bring(app, in_order, alice, carol, browser):
    """Files, another upload instead of one that waits, and what was taken out, with a memento."""
    browser.enter(alice)
    look(browser, ("Note.md", "Words."))
    bring(browser, ("Notes.zip", make_zip(("Trips/Lisbon.md", "Sardines."), ("Soup.md", "Leek."))))
    page = browser.get("/account/mementos/new")
    pick = re.search(r'name="pick"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="pick"', page.text)
    browser.submit(page, press="Make it", name="Work", pick=pick[1] or pick[2])
    other = Browser(app)
    other.enter(carol)
    bring(other, ("memories.zip", browser.get("/account/memories/take-out/everything.zip").data))
    page = look(other, ("Another.md", "Words."))
    assert other.submit(page, press="Bring in nothing").status_code == 303


@on_postgresql
def test_an_app_from_its_registration_to_its_end(app, in_order, alice, browser, notebook, pocket):
    browser.enter(alice)
    settings = app.extensions["services"].settings
    for integrator in (notebook, pocket):
        integrator.tokens(browser)
        browser.get(integrator.authorize_url(scope="memories:read integrations:read profile"))
    with app.app_context():
        made, _ = register_client(
            db.session(), settings, organization=find_organization("acme"), name="Third", type="confidential",
            redirect_uris=["https://third.acme.example/callback"], scopes=["memories:read"],
        )  # fmt: skip
        db.session.commit()
        secret, _ = add_another_secret(db.session(), made, actor_user_id=None)
        db.session.commit()
        retire_client_secret(db.session(), made, secret, actor_user_id=None)
        db.session.commit()
        client = db.session.get_one(Client, notebook.client_id)
        for act in (suspend_client, resume_client):
            act(db.session(), client, actor_user_id=None)
            db.session.commit()
        update_client(db.session(), settings, client, actor_user_id=None, name="Other")
        db.session.commit()
        rotate_everything(db.session(), client, actor_user_id=None)
        db.session.commit()
        delete_client(db.session(), client, actor_user_id=None)
        db.session.commit()


@on_postgresql
def test_an_organization(app, in_order, alice, bob, carol, notebook, browser):
    browser.enter(alice)
    notebook.tokens(browser)
    admin, stranger = Browser(app), Browser(app)
    admin.enter(bob)
    stranger.enter(carol)
    page = admin.submit(admin.get("/org/oauth/members"), press="Make an invitation link", role="admin")
    link = re.search(r"/org/oauth/join/rlq_in_[0-9a-f]{64}", page.text)[0]
    assert stranger.submit(stranger.get(link), press="Join").status_code == 303
    with app.app_context():
        acme = find_organization("acme").id
        change_role(acme, carol.id, "member", actor_user_id=bob.id)
        db.session.commit()
        remove_member(acme, carol.id, actor_user_id=carol.id)
        db.session.commit()
        globex = find_organization("globex")
        register_client(
            db.session(), app.extensions["services"].settings, organization=globex, name="Third", type="public",
            redirect_uris=["https://third.globex.example/callback"], scopes=["memories:read"],
        )  # fmt: skip
        db.session.commit()
    path = "/org/oauth/organization/rotate-secrets"
    assert admin.submit(admin.get(path), press="Make new secrets").status_code == 200
    path = "/org/oauth/organization/delete"
    assert stranger.submit(stranger.get(path), action=path, typed_name="Globex").status_code == 303


def test_what_is_out_of_order_is_found(app):
    """As it was: the token first, then the family that a deletion has first."""
    with app.app_context():
        token, family = "UPDATE oauth_refresh_tokens SET x = 1", "SELECT id FROM oauth_families FOR KEY SHARE"
        assert find_disorder([family, token]) == []
        assert find_disorder([token, family]) == ["oauth_families is locked after oauth_refresh_tokens."]
        # A foreign key comes to the tokens by itself.
        assert find_disorder(["DELETE FROM oauth_families", token]) == []
        assert find_disorder(["DELETE FROM oauth_families", "UPDATE consents"]) != []
        assert find_disorder(["UPDATE nobody_knows SET x = 1"]) == ["nobody_knows has no place in the order."]


def test_nobody_says_how_strong_a_lock_is_but_the_one_place():
    """``FOR UPDATE`` would stop every row that is to refer to the locked one."""
    own = {_APP / name for name in ("clients/lock.py", "database/locks.py")}
    elsewhere = [
        f"{path.relative_to(_APP)}: {call}"
        for path in set(_APP.rglob("*.py")) - own
        for call in re.findall(r"with_for_update\(.*", path.read_text())
        # That waits for nobody: it leaves out what is locked.
        if "skip_locked=True" not in call
    ]
    assert elsewhere == []
