"""Who may see and do what on a person's pages: the table of all of them, and who is turned away."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from app import clock
from app.accounts.addresses.models import AddressChange
from app.accounts.factors.one_time_codes import begin_one_time_codes, find_pending_secret
from app.accounts.joining.models import AddressConfirmation
from app.accounts.models import Session
from app.accounts.places.models import KnownPlace
from app.accounts.resetting.look_back import begin_look_back
from app.clients.models import Client
from app.consents.undo.models import AppChange
from app.credentials import ADDRESS_CHANGE, digest, new_credential
from app.extensions import db
from app.memories.keeping_back import keep_back, list_rules
from app.memories.models import Memory
from app.oauth.asked_apps import AskedApp
from tests.accounts.passkeys.authenticator import NEW, Authenticator, add_passkey
from tests.actors import Browser
from tests.factors import Phone, set_up_phone
from tests.personal.bringing.conftest import send
from tests.personal.conftest import post, token_of

#: Every page and act of ``/account/``, and what is sent to do it. Names in braces are things of Alice's.
PAGES = [
    "/account/",
    "/account/memories/",
    "/account/memories/new",
    "/account/memories/{memory}/",
    "/account/memories/{memory}/edit",
    "/account/memories/{memory}/delete",
    "/account/memories/bring/",
    "/account/memories/bring/{upload}/",
    "/account/memories/bring/{upload}/left-out",
    "/account/memories/take-out/",
    "/account/mementos/",
    "/account/mementos/new",
    "/account/mementos/found",
    "/account/mementos/{memento}/",
    "/account/mementos/{memento}/edit",
    "/account/mementos/{memento}/delete",
    "/account/mementos/{saved}/",
    "/account/confirm-address/{address}",
    "/account/apps/",
    "/account/apps/{grant}/",
    "/account/apps/ended",
    "/account/history/",
    "/account/apps/pause-all",
    "/account/apps/look-back/",
    "/account/apps/{grant}/activity",
    "/account/apps/{grant}/disconnect",
    "/account/activity/",
    "/account/activity/undo/",
    "/account/activity/undo/{change}",
    "/account/activity/undo/since",
    "/account/apps/{grant}/mementos",
    "/account/never-shared/",
    "/account/never-shared/choose",
    "/account/sessions/",
    "/account/sessions/not-me",
    "/account/settings/notices/",
    "/account/settings/",
    "/account/settings/email/",
    "/account/settings/email/confirm/{email_token}",
    "/account/settings/password/",
    "/account/settings/time-zone/",
    "/account/settings/sign-in/",
    "/account/settings/sign-in/passkeys/new",
    "/account/settings/sign-in/passkeys/{passkey}",
    "/account/settings/sign-in/passkeys/{passkey}/remove",
    "/account/settings/delete/",
    "/account/settings/sign-in/app",
    "/account/settings/sign-in/app/remove",
    "/account/settings/sign-in/recovery-codes",
    "/account/settings/export/",
]
#: What is taken away as a file.
FILES = [
    "/account/history/history.csv",
    "/account/history/history.json",
    "/account/activity/receipts.csv",
    "/account/activity/receipts.json",
    "/account/memories/take-out/everything.zip",
]
ACTS = [
    ("/account/memories/new", {"title": "Note", "text": "Words."}),
    ("/account/memories/{memory}/edit", {"title": "Mine now", "text": "Words."}),
    ("/account/memories/{memory}/delete", {}),
    ("/account/memories/bring/", {"files": "Words."}),
    ("/account/memories/bring/{upload}/confirm", {}),
    ("/account/memories/bring/{upload}/discard", {}),
    ("/account/mementos/new", {"name": "New", "shown": "i:{source}", "pick": "i:{source}", "action": "save"}),
    ("/account/mementos/count", {"memento": "{memento}"}),
    ("/account/mementos/found", {"name": "Found", "memory_ids": "{draft}"}),
    ("/account/mementos/preview", {"memento_ids": "{memento}", "selection": "selected"}),
    ("/account/mementos/{memento}/edit", {"name": "Mine now", "action": "save"}),
    ("/account/mementos/{memento}/duplicate", {}),
    ("/account/mementos/{memento}/delete", {}),
    ("/account/mementos/{saved}/prune", {"memory_ids": "{draft}", "action": "delete"}),
    ("/account/mementos/{saved}/delete", {"memories": "too"}),
    ("/account/activity/kept", {"days": "30"}),
    ("/account/activity/undo/{change}", {"seen": "x"}),
    ("/account/activity/undo/since", {"seen": "x"}),
    ("/account/apps/{grant}/mementos", {"selection": "all"}),
    ("/account/apps/{grant}/mementos/apply", {"selection": "all", "seen": "x"}),
    ("/account/apps/{grant}/pause", {}),
    ("/account/apps/{grant}/resume", {}),
    ("/account/apps/{grant}/keep", {}),
    ("/account/apps/{grant}/end", {"until": "day"}),
    ("/account/apps/{grant}/name", {"name": "Mine now"}),
    ("/account/apps/{grant}/disconnect", {"memories": "keep"}),
    ("/account/apps/pause-all", {}),
    ("/account/apps/look-back/{grant}/keep", {}),
    ("/account/apps/memory-setting", {"reads_own": "on", "ticks": "shown"}),
    ("/account/apps/{grant}/memory-setting", {"holds": "one", "reads_own": "on", "ticks": "shown"}),
    ("/account/never-shared/", {"thing": "m:{draft}"}),
    ("/account/never-shared/{rule}/end", {}),
    ("/account/asked/{asked}/forget", {}),
    ("/account/confirm-address/", {}),
    ("/account/confirm-address/{address}", {}),
    ("/account/sessions/{session}/end", {}),
    ("/account/sessions/end-others", {}),
    ("/account/sessions/{session}/not-me", {}),
    ("/account/sessions/places/{place}/name", {"name": "Home"}),
    ("/account/settings/notices/", {"new_app": "off"}),
    ("/account/settings/notices/seen", {"last": "{notice}"}),
    ("/account/settings/notices/{notice}/seen", {}),
    ("/account/settings/notices/{notice}/not-me", {}),
    ("/account/settings/", {"name": "Somebody else"}),
    ("/account/settings/email/", {"email": "alice@home.example"}),
    ("/account/settings/email/forget", {}),
    ("/account/settings/email/confirm/{email_token}", {}),
    ("/account/settings/password/", {"old": "the password of Alice Archer", "new": "four words quite apart"}),
    ("/account/settings/sign-out-everywhere", {}),
    ("/account/settings/time-zone/", {"time_zone": "Europe/Lisbon"}),
    ("/account/settings/sign-in/passkeys/new", {"name": "A key", "credential": "{answer}"}),
    ("/account/settings/sign-in/passkeys/{passkey}", {"name": "Mine now"}),
    ("/account/settings/sign-in/passkeys/{passkey}/remove", {}),
    ("/account/settings/delete/", {"email": "alice@acme.example"}),
    ("/account/settings/sign-in/app/start", {}),
    ("/account/settings/sign-in/app", {"code": "{code}"}),
    ("/account/settings/sign-in/app/remove", {}),
    ("/account/settings/sign-in/recovery-codes", {}),
    ("/account/settings/export/everything.zip", {}),
]
#: What somebody else's form of a thing of Alice's is answered with, where that is not 404: it names the thing inside.
_NAMED_INSIDE = {
    "/account/mementos/new": 422,
    "/account/mementos/found": 422,
    "/account/settings/sign-in/passkeys/new": 400,
    "/account/settings/sign-in/app": 303,
}

_TABLES = (
    "users",
    "address_changes",
    "app_changes",
    "address_confirmations",
    "asked_apps",
    "mementos",
    "memento_contents",
    "memories",
    "integrations",
    "consents",
    "never_shared",
    "consent_mementos",
    "saved_mementos",
    "imports",
    "passkeys",
    "notices",
    "notice_choices",
    "known_places",
    "look_backs",
    "one_time_codes",
    "recovery_codes",
)


@dataclass(frozen=True)
class Things:
    """Alice's, by the names of the table."""

    ids: dict[str, str]

    def fill(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: self.ids[match[1]], template)

    def fill_all(self, data: dict[str, str]) -> dict:
        filled = {name: self.fill(value) for name, value in data.items()}
        # A file is sent once.
        return filled | ({"files": [(io.BytesIO(b"Words."), "Note.md")]} if "files" in filled else {})


def ask_for_new_address(session, user_id: str) -> str:
    """Let her have opened the letter to another address, and not yet answered its page."""
    token = new_credential(ADDRESS_CHANGE)
    ends = {"created_at": clock.now(), "expires_at": clock.now() + timedelta(days=1)}
    addresses = {"was": "alice@acme.example", "email": "alice@elsewhere.example"}
    session.add(AddressChange(user_id=user_id, digest=digest(token), **addresses, **ends))
    session.commit()
    return token


def ask_for(session, user_id: str) -> str:
    """Put the other app among those whose request she has cancelled."""
    client = session.scalar(select(Client).where(Client.name == "Acme Pocket"))
    asked = AskedApp(id="ask_1", user_id=user_id, client_key=client.key, asked_at=clock.now())
    session.add(asked)
    session.commit()
    return asked.id


def add_confirmation(user_id: str, email: str, session) -> str:
    """A link that confirms an address, as a letter brings it."""
    until = clock.now() + timedelta(days=1)
    session.add(AddressConfirmation(digest=digest("rlq_ea_1"), user_id=user_id, email=email, expires_at=until))
    session.commit()
    return "rlq_ea_1"


@pytest.fixture
def things(app, alice, signed_in, connected, shelf, saved, pocket, in_database) -> Things:
    (here,) = in_database(lambda session: session.scalars(select(Session.id).where(Session.user_id == alice.id)).all())
    Browser(app).sign_in(alice.email, alice.password)
    set_up_phone(app, alice)
    with app.app_context():
        key = app.extensions["services"].settings.secret_key
        begin_one_time_codes(db.session(), alice.id, key)
        phone = Phone(find_pending_secret(db.session(), alice.id, [key]), [])
        keep_back(db.session(), alice.id, "private")
        rule = list_rules(db.session(), alice.id)[0].id
        begin_look_back(db.session(), alice.id)
        db.session.commit()
    return Things(
        {
            "code": phone.code(),
            "memento": shelf.mementos["Recipes"],
            "memory": shelf.memories["Soup"],
            "source": shelf.integrations["Drive"],
            "saved": saved.mementos["Saved by Acme Notebook"],
            "draft": saved.memories["Draft one"],
            "upload": re.search(r"bring/(\w+)/", send(signed_in, ("Other.md", "Words.")).location)[1],
            "grant": connected.grant_id,
            "rule": str(rule),
            "change": in_database(partial(_add_change, alice.id, connected.grant_id, saved)),
            "email_token": in_database(lambda session: ask_for_new_address(session, alice.id)),
            "asked": in_database(lambda session: ask_for(session, alice.id)),
            "address": in_database(partial(add_confirmation, alice.id, alice.email)),
            "session": in_database(
                lambda session: session.scalar(
                    select(Session.id).where(Session.user_id == alice.id, Session.id != here)
                )
            ),
            "passkey": add_passkey(signed_in),
            "answer": Authenticator().answer(signed_in.get(NEW)),
            "place": in_database(
                lambda session: session.scalar(select(KnownPlace.id).where(KnownPlace.user_id == alice.id))
            ),
            "notice": re.search(r"/notices/(\w+)/not-me\"", signed_in.get("/account/settings/notices/").text)[1],
        }
    )


def _add_change(user_id: str, grant_id: str, saved, session) -> str:
    """What is kept of a memory that the app has added."""
    draft = session.get_one(Memory, saved.memories["Draft one"])
    source = {"integration_id": draft.integration_id, "integration_kind": "memory", "integration_name": "Saved"}
    told = {"at": draft.updated_at, "last_at": draft.updated_at, "left_at": draft.updated_at}
    change = AppChange(
        id=987654321012345,
        user_id=user_id,
        grant_id=grant_id,
        kind="added",
        memory_id=draft.id,
        picks=None,
        tags=None,
        **source,
        **told,
    )
    session.add(change)
    session.commit()
    return str(change.id)


@pytest.fixture
def snapshot(in_database) -> Callable[[], dict]:
    """Everything that matters, as it stands."""

    def rows(session) -> dict:
        ask = session.connection().exec_driver_sql
        tables = {name: sorted(map(repr, ask(f"SELECT * FROM {name}").all())) for name in _TABLES}
        sessions = ask("SELECT id, user_id FROM sessions").all()
        return tables | {"sessions": sorted(map(repr, sessions))}

    return lambda: in_database(rows)


def test_the_table_has_every_page_and_act(app):
    rules = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    known = {("GET", path) for path in [*PAGES, *FILES]} | {("POST", path) for path, _ in ACTS}
    bare = {(method, re.sub(r"[<{]\w+[>}]", "*", path)) for method, path in known}
    assert {
        (method, re.sub(r"[<{]\w+[>}]", "*", path)) for method, path in rules if path.startswith("/account/")
    } == bare


def test_their_owner_sees_every_page(signed_in, things, subtests):
    for path in PAGES:
        with subtests.test(path):
            page = signed_in.get(things.fill(path))
            assert page.status_code == 200
            assert page.headers["Cache-Control"] == "no-store"
            assert "<title>" in page.text and "<h1" in page.text


def test_their_owner_takes_every_file_away(signed_in, things, subtests):
    for path in FILES:
        with subtests.test(path):
            answer = signed_in.get(path)
            assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
            assert answer.headers["Cache-Control"] == "no-store"
            # To its end: what makes it holds on to the request.
            assert answer.get_data()


def test_whoever_is_signed_out_is_asked_to_sign_in_and_comes_back(app, things, subtests):
    for path in [*PAGES, *FILES]:
        path = things.fill(path)
        with subtests.test(path):
            answer = Browser(app).get(path)
            assert answer.status_code == 303
            assert answer.location == f"/sign-in?next={path}"


def test_whoever_is_signed_out_changes_nothing(app, things, snapshot, subtests):
    now = snapshot()
    for path, data in ACTS:
        with subtests.test(path):
            answer = post(Browser(app), things.fill(path), things.fill_all(data))
            assert answer.status_code == 303 and answer.location.startswith("/sign-in")
            before, now = now, snapshot()
            assert now == before


def test_to_somebody_else_it_does_not_exist(stranger, things, subtests):
    for path in PAGES:
        if "{" in path:
            with subtests.test(path):
                assert stranger.get(things.fill(path)).status_code == 404


def test_somebody_else_changes_nothing(stranger, things, snapshot, subtests):
    token, now = token_of(stranger), snapshot()
    for path, data in ACTS:
        if "{" in "".join([path, *data.values()]):
            with subtests.test(path):
                answer = post(stranger, things.fill(path), things.fill_all(data), token)
                # A source or memory of Alice's in a form of Carol's is as if it had been deleted meanwhile.
                assert answer.status_code == _NAMED_INSIDE.get(path, 404)
                before, now = now, snapshot()
                assert now == before


def test_of_somebody_elses_app_there_is_no_file(stranger, connected):
    for path in FILES:
        if "activity" in path:
            assert stranger.get(f"{path}?app={connected.grant_id}").status_code == 404


def test_somebody_else_signs_out_only_their_own_other_places(stranger, things, snapshot):
    before = snapshot()
    assert post(stranger, "/account/sessions/end-others").status_code == 303
    assert snapshot() == before


def test_without_the_token_against_forgery_nothing_happens(signed_in, stranger, things, snapshot, subtests):
    of_another, now = token_of(stranger), snapshot()
    for path, sent in ACTS:
        with subtests.test(path):
            for token in ({}, {"csrf_token": ""}, {"csrf_token": "wrong"}, {"csrf_token": of_another}):
                data = things.fill_all(sent)
                answer = signed_in.client.post(things.fill(path), data=data | token, base_url="http://127.0.0.1:8000")
                assert answer.status_code == 400, token
            before, now = now, snapshot()
            assert now == before


def test_its_owner_can_do_it(signed_in, things, anew, subtests):
    """The other tests would pass too if nothing worked."""
    token = token_of(signed_in)
    for path, data in ACTS:
        with subtests.test(path), anew(signed_in):
            answer = post(signed_in, things.fill(path), things.fill_all(data), token)
            assert answer.status_code in (200, 303), answer.text


def test_an_act_is_no_link(signed_in, things, snapshot, subtests):
    now = snapshot()
    for path, _ in ACTS:
        with subtests.test(path):
            assert signed_in.get(things.fill(path)).status_code in (200, 404, 405)
            before, now = now, snapshot()
            assert now == before


def test_no_page_shows_anything_of_another_person(app, stranger, things, in_database):
    titles = in_database(lambda session: [memory.title for memory in session.query(Memory)])
    ids = [id for id in things.ids.values() if not id.isdigit()]
    for path in [*PAGES, *FILES]:
        if "{" not in path:
            page = stranger.get(path).get_data().decode(errors="replace")
            assert not [word for word in [*titles, *ids, "Notebook"] if word in page], path


def test_a_search_of_another_person_finds_nothing(stranger, things):
    source = things.ids["source"]
    for path in (
        "/account/mementos/new?q=soup",
        f"/account/mementos/new?open=i:{source}",
        "/account/memories/?q=soup",
        f"/account/memories/?source={source}&folder=Recipes",
    ):
        page = stranger.get(path)
        assert page.status_code == 200 and "Soup" not in page.text and "Recipes" not in page.text
