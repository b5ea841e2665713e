"""The demonstration data: what is in it, and that seeding again leaves everything as people left it."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from app import clock, create_app
from app.accounts.models import Membership, Organization, User
from app.accounts.organizations import create_organization, find_organization, find_role
from app.accounts.passwords import verify_password
from app.accounts.users import find_user_by_email, register_user
from app.audit.models import AuditEvent
from app.clients.models import Client, ClientSecret
from app.config import Settings
from app.demonstration.pocket.place import CALLBACKS, CLIENT_ID
from app.demonstration.seeds import SeedConflict, bring_up_to_date, seed
from app.extensions import db
from app.memories.mementos import list_mementos, summarize_everything
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.scopes import SCOPES
from tests import migrated


@pytest.fixture
def context(app) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def seeded(context, seed_once) -> dict:
    """What the first seeding said."""
    return seed_once()


def _alice() -> User:
    return find_user_by_email("alice@example.com")


def _count_rows() -> dict[str, int]:
    db.session.flush()
    return {
        table.name: db.session.scalar(select(func.count()).select_from(table)) for table in db.metadata.sorted_tables
    }


def test_it_says_which_organizations_people_and_apps_there_are(seeded):
    assert seeded["organizations"] == [{"slug": "acme", "name": "Acme"}, {"slug": "globex", "name": "Globex"}]
    assert [(one["email"], one["name"], one["organization"]) for one in seeded["users"]] == [
        ("alice@example.com", "Alice Marlow", "acme"),
        ("bob@example.com", "Bob Okafor", "acme"),
        ("carol@example.com", "Carol Reyes", "globex"),
    ]
    assert [(one["name"], one["type"], one["organization"], one["redirect_uris"]) for one in seeded["clients"]] == [
        (
            "Acme Notebook",
            "confidential",
            "acme",
            ["http://127.0.0.1:8400/callback", "https://notebook.acme.example/callback"],
        ),
        ("Acme Pocket", "public", "acme", ["http://127.0.0.1/callback", "com.acme.pocket:/callback", *CALLBACKS]),
    ]
    assert set(seeded) == {"organizations", "users", "clients"}
    assert {*seeded["users"][0]} == {"email", "name", "password", "organization"}
    public = {"client_id", "name", "type", "redirect_uris", "organization"}
    assert [{*one} for one in seeded["clients"]] == [public | {"client_secret"}, public]


def test_everybody_can_sign_in_with_the_password_it_says(seeded):
    for told in seeded["users"]:
        assert len(told["password"]) >= 12
        assert verify_password(find_user_by_email(told["email"]).password_hash, told["password"])


def test_people_have_their_roles(seeded):
    acme, globex = find_organization("acme"), find_organization("globex")
    roles = {
        email: (find_role(find_user_by_email(email).id, acme.id), find_role(find_user_by_email(email).id, globex.id))
        for email in ("alice@example.com", "bob@example.com", "carol@example.com")
    }
    assert roles == {
        "alice@example.com": ("member", None),
        "bob@example.com": ("admin", None),
        "carol@example.com": (None, "owner"),
    }


def test_the_apps_may_do_what_the_examples_show(seeded):
    notebook, pocket = (db.session.get(Client, one["client_id"]) for one in seeded["clients"])
    assert notebook.scope == " ".join(SCOPES)
    assert pocket.scope == "memories:read memories:write integrations:read profile"
    assert pocket.optional_scope == "memories:write"
    assert pocket.homepage_url == "http://127.0.0.1:8000/demonstration/"
    assert (notebook.native_app, pocket.native_app) == (False, True)
    assert notebook.description and notebook.homepage_url
    assert pocket.check_redirect_uri("http://127.0.0.1:51234/callback")
    # Whatever the port and the name by which a server of this machine alone is reached.
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert pocket.check_redirect_uri(f"http://{host}:8001/demonstration/callback")
    assert not pocket.check_redirect_uri("https://id.example.com/demonstration/callback")


def test_the_secret_is_the_confidential_apps_and_is_told_only_once(seeded):
    secret = seeded["clients"][0]["client_secret"]
    stored = db.session.scalars(select(ClientSecret)).one()
    assert (stored.client_key, stored.hint) == (seeded["clients"][0]["client_id"], secret[-4:])
    assert not any("client_secret" in client for client in seed()["clients"])


def test_alice_has_eighty_memories_from_four_sources(seeded):
    everything = summarize_everything(_alice().id)
    assert everything.count == 80
    assert {source.kind for source in everything.sources} == {"google_drive", "slack", "gmail", "memory"}


def test_alices_mementos_show_some_of_what_she_knows_but_not_all(seeded):
    mementos = list_mementos(_alice().id)
    assert [one.name for one in mementos] == [
        "Books and ideas",
        "Health",
        "Recipes",
        "Trip to Lisbon",
        "Work: Project Heron",
    ]
    assert all(5 <= one.count <= 30 and len(one.sources) >= 2 and len(one.sample_titles) == 3 for one in mementos)


def test_alices_mementos_mix_whole_sources_folders_and_single_memories(seeded):
    picks = db.session.scalars(select(MementoContent).join(Memento).where(Memento.user_id == _alice().id)).all()
    kinds = {"memory" if pick.memory_id else "folder" if pick.folder else "integration" for pick in picks}
    assert kinds == {"memory", "folder", "integration"}


def test_memories_are_spread_over_three_years_and_none_is_from_the_future(seeded):
    memories = db.session.scalars(select(Memory).where(Memory.user_id == _alice().id)).all()
    ages = sorted(clock.now() - memory.created_at for memory in memories)
    assert timedelta(0) < ages[0] < timedelta(days=30)
    assert timedelta(days=2 * 365) < ages[-1] < timedelta(days=3 * 365)
    assert len(set(ages)) == len(ages)


def test_memories_are_varied_and_worth_reading(seeded):
    memories = db.session.scalars(select(Memory)).all()
    assert len({memory.title for memory in memories}) == len(memories) == 103
    assert all(80 < len(memory.text) < 1000 and "\n" not in memory.text and memory.tags for memory in memories)


def test_every_folder_that_is_picked_holds_something(seeded):
    for pick in db.session.scalars(select(MementoContent).where(MementoContent.folder.is_not(None))):
        same = select(Memory.id).where(Memory.integration_id == pick.integration_id)
        assert db.session.scalars(same.where(Memory.folder.startswith(pick.folder))).first(), pick.folder


def test_bob_has_memories_and_mementos_too(seeded):
    bob = find_user_by_email("bob@example.com")
    assert summarize_everything(bob.id).count == 11
    assert [one.name for one in list_mementos(bob.id)] == ["Bicycle", "Family and music", "Looking after apps"]


def test_carol_has_a_dozen_memories_and_two_mementos_of_her_own(seeded):
    carol = find_user_by_email("carol@example.com")
    assert summarize_everything(carol.id).count == 12
    assert [one.name for one in list_mementos(carol.id)] == ["Garden", "Harbour Street opening"]


def test_seeding_again_adds_nothing_and_says_the_same(seeded):
    before = _count_rows()
    again = seed()
    db.session.commit()
    assert _count_rows() == before
    for client in seeded["clients"]:
        client.pop("client_secret", None)
    assert again == seeded


def test_seeding_again_leaves_what_people_changed(seeded):
    alice, bob = _alice(), find_user_by_email("bob@example.com")
    db.session.delete(db.session.scalars(select(Memory).where(Memory.user_id == alice.id)).first())
    db.session.delete(db.session.scalars(select(Memento).where(Memento.name == "Health")).one())
    db.session.scalars(select(Memento).where(Memento.name == "Recipes")).one().name = "Cooking"
    alice.name = "Alice Marlow-Finch"
    alice.email = "alice.marlow@example.com"
    notebook = db.session.get(Client, seeded["clients"][0]["client_id"])
    notebook.name = "Acme Notebook 2"
    db.session.delete(db.session.get(Membership, (bob.id, find_organization("acme").id)))
    db.session.commit()
    before = _count_rows()
    again = seed()
    db.session.commit()
    assert _count_rows() == before
    assert again["users"][0]["email"] == "alice.marlow@example.com"
    assert again["clients"][0]["name"] == "Acme Notebook 2"
    assert {one.name for one in list_mementos(alice.id)} >= {"Cooking"}


def test_seeding_again_brings_back_what_was_deleted_whole(seeded):
    db.session.delete(_alice())
    db.session.delete(db.session.get(Client, seeded["clients"][0]["client_id"]))
    db.session.delete(find_organization("globex"))
    db.session.commit()
    again = seed()
    db.session.commit()
    assert again["clients"][0]["client_secret"] != seeded["clients"][0]["client_secret"]
    assert summarize_everything(_alice().id).count == 80
    assert find_role(find_user_by_email("carol@example.com").id, find_organization("globex").id) == "owner"
    before = _count_rows()
    seed()
    assert _count_rows() == before


# -- a demonstration that is there already -----------------------------------------------------------


@pytest.fixture
def earlier(seeded) -> dict:
    """What was seeded before Acme Pocket had a page here, and Bob any memories."""
    bob, pocket = find_user_by_email("bob@example.com"), db.session.get(Client, CLIENT_ID)
    db.session.execute(delete(Memento).where(Memento.user_id == bob.id))
    db.session.execute(delete(Integration).where(Integration.user_id == bob.id))
    pocket.redirect_uris = ["http://127.0.0.1/callback", "com.acme.pocket:/callback"]
    pocket.stored_scope, pocket.implies_profile, pocket.optional_scope = "memories:read integrations:read", True, ""
    pocket.homepage_url = "https://pocket.acme.example"
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "demonstration.seeded"))
    later = [event.id for event in noted if event.details["what"].startswith(("page:", "texts:"))]
    assert len(later) == 2
    db.session.connection().execute(delete(AuditEvent.__table__).where(AuditEvent.id.in_(later)))
    db.session.commit()
    return seeded


@pytest.mark.parametrize("how", [bring_up_to_date, seed])
def test_an_earlier_demonstration_gets_what_came_since(earlier, how):
    how()
    db.session.commit()
    pocket = db.session.get(Client, CLIENT_ID)
    assert pocket.redirect_uris == ["http://127.0.0.1/callback", "com.acme.pocket:/callback", *CALLBACKS]
    assert pocket.scope == "memories:read memories:write integrations:read profile"
    assert pocket.optional_scope == "memories:write"
    assert pocket.homepage_url == "http://127.0.0.1:8000/demonstration/"
    assert summarize_everything(find_user_by_email("bob@example.com").id).count == 11
    before = _count_rows()
    how()
    assert _count_rows() == before


def test_what_people_took_away_from_it_is_not_brought_back(seeded):
    bob, pocket = find_user_by_email("bob@example.com"), db.session.get(Client, CLIENT_ID)
    db.session.execute(delete(Memento).where(Memento.user_id == bob.id))
    db.session.execute(delete(Integration).where(Integration.user_id == bob.id))
    pocket.redirect_uris, pocket.scope = ["http://127.0.0.1/callback"], "memories:read"
    pocket.optional_scope, pocket.homepage_url = "", "https://elsewhere.example"
    db.session.delete(db.session.get(Client, "client_acme_notebook"))
    db.session.delete(_alice())
    db.session.commit()
    before = _count_rows()
    bring_up_to_date()
    db.session.commit()
    assert _count_rows() == before
    pocket = db.session.get(Client, CLIENT_ID)
    assert (pocket.redirect_uris, pocket.scope) == (["http://127.0.0.1/callback"], "memories:read")
    assert pocket.homepage_url == "https://elsewhere.example"


def test_nobody_of_another_database_is_given_anything(context):
    register_user(email="bob@example.com", name="Another Bob", password="a password of his own")
    db.session.commit()
    before = _count_rows()
    bring_up_to_date()
    assert _count_rows() == before


def test_somebody_elses_organization_is_not_taken_over(context):
    create_organization("Acme")
    db.session.commit()
    with pytest.raises(SeedConflict, match="acme"):
        seed()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_somebody_elses_account_is_not_taken_over(context):
    register_user(email="Carol@Example.com", name="Another Carol", password="a password of her own")
    db.session.commit()
    with pytest.raises(SeedConflict, match=r"carol@example\.com"):
        seed()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Organization)) == 0


def test_two_processes_may_seed_at_once(each_database_url):
    settings = Settings(
        database_url=each_database_url,
        secret_key="only-for-tests-" + "0" * 32,
        issuer="http://127.0.0.1:8000",
        password_time_cost=1,
        password_memory_kib=8,
    )
    apps = [create_app(settings) for _ in range(4)]
    migrated.bring_up_to_date(apps[0])
    together = threading.Barrier(len(apps))
    told, failed = [], []

    def work(app):
        with app.app_context():
            together.wait()
            try:
                told.append(seed())
                db.session.commit()
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=work, args=[app]) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum("client_secret" in one["clients"][0] for one in told) == 1
    with apps[0].app_context():
        counts = _count_rows()
        assert (counts["users"], counts["organizations"], counts["clients"]) == (3, 2, 2)
        assert (counts["memories"], counts["mementos"], counts["client_secrets"]) == (103, 10, 1)
    for app in apps:
        with app.app_context():
            db.engine.dispose()
