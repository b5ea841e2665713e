"""What a person never shares: no answer to any app has a trace of it, whatever the app was given, also to its writer."""

import base64

import pytest

from app.credentials import digest
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.keeping_back import keep_back, list_rules, stop_keeping_back
from app.memories.picks import Pick
from app.oauth.bearer_check import TokenOutdated
from app.oauth.tokens.access import find_access_token
from app.operations.caller import caller_of
from app.operations.holding import hold
from tests.api.made import said
from tests.tables import each


@pytest.fixture
def never_share(app, alice):
    """Have Alice never share memories, ``(integration, folder)``, integrations, or ``#tags``."""

    def never_share(*things) -> None:
        with app.app_context():
            for thing in things:
                keep_back(db.session(), alice.id, _read(thing))
            db.session.commit()

    return never_share


def _read(thing):
    if isinstance(thing, tuple):
        return Pick(*thing)
    if thing.startswith("#"):
        return thing[1:]
    return Pick(integration_id=thing) if thing.startswith("int_") else Pick(memory_id=thing)


@pytest.fixture
def share_again(app, alice):
    """Have Alice take all of it back."""

    def share_again() -> None:
        with app.app_context():
            for rule in list_rules(db.session(), alice.id):
                assert stop_keeping_back(db.session(), alice.id, rule.id)
            db.session.commit()

    return share_again


@pytest.fixture
def drive(shelf) -> str:
    return shelf.connect(name="Drive")


def test_a_memory_a_folder_and_a_tag_are_kept_back_whatever_was_chosen(connect, shelf, never_share, drive):
    bread = shelf.keep("Bread", drive)
    diary = shelf.keep("Diary", drive, folder="Private")
    deep = shelf.keep("Deep", drive, folder="Private/Old")
    beside = shelf.keep("Beside", drive, folder="Private2")
    tagged = shelf.keep("Tagged", drive, tags=["Health"])
    single = shelf.keep("Single", drive)
    chosen = shelf.memento("Chosen", drive, diary, single, (drive, "Private"))
    everything, window = connect(), connect(chosen)
    never_share((drive, "Private"), "#health", single)
    for caller in (everything, window):
        assert caller.titles() == ["Beside", "Bread"]
        assert [caller.get(f"memories/{id}/").status_code for id in (bread, beside)] == [200, 200]
        assert [caller.get(f"memories/{id}/").status_code for id in (diary, deep, tagged, single)] == [404] * 4


def test_it_is_shared_again_once_the_person_says_so(connect, shelf, never_share, share_again, drive):
    shelf.keep("Bread", drive)
    caller = connect()
    never_share("#private", drive)
    assert caller.titles() == []
    share_again()
    assert caller.titles() == ["Bread"]


def test_what_is_never_shared_of_one_person_is_nothing_to_another(app, connect, shelf, bob, drive):
    diary = shelf.keep("Diary", drive, tags=["private"])
    shelf.keep("Own", drive, tags=["own"])
    caller = connect()
    with app.app_context():
        keep_back(db.session(), bob.id, "private")
        keep_back(db.session(), shelf.user_id, "own")
        with pytest.raises(ValueError, match="not among your memories"):
            keep_back(db.session(), bob.id, Pick(memory_id=diary))
        with pytest.raises(ValueError, match="not among your memories"):
            keep_back(db.session(), bob.id, Pick(integration_id=drive))
        db.session.commit()
    assert caller.titles() == caller.titles(q="about") == ["Diary"]
    assert caller.get(f"memories/{diary}/").status_code == 200


def test_a_search_ends_as_if_it_did_not_exist(connect, shelf, never_share, drive):
    """Neither in what comes nor in whether there is more: a hundred matches and more come in windows."""
    for number in range(3):
        shelf.keep(f"Sourdough {number}", drive)
    shelf.keep_many((f"Sourdough secret {number}" for number in range(110)), drive, tags=lambda title: ["private"])
    caller = connect()
    assert caller.get("memories/", q="sourdough", limit=100).json["next_cursor"] is not None
    never_share("#private")
    found = caller.get("memories/", q="sourdough", limit=2).json
    assert [one["title"] for one in found["data"]] == ["Sourdough 2", "Sourdough 1"]
    rest = caller.get("memories/", q="sourdough", limit=2, cursor=found["next_cursor"]).json
    assert ([one["title"] for one in rest["data"]], rest["next_cursor"]) == (["Sourdough 0"], None)
    assert caller.get("memories/", q="secret").json == {"data": [], "next_cursor": None}


def test_a_cursor_from_before_brings_nothing_of_it_back(connect, shelf, never_share, drive):
    ids = shelf.keep_many(
        (f"Rye {number}" for number in range(120)),
        drive,
        tags=lambda title: ["private"] if int(title.split()[1]) % 2 else [],
    )
    caller = connect()
    cursor = caller.get("memories/", q="rye", limit=10).json["next_cursor"]
    never_share("#private")
    while cursor is not None:
        page = caller.get("memories/", q="rye", limit=10, cursor=cursor).json
        cursor = page["next_cursor"]
        told = str(page) + _unpacked(cursor)
        assert not [id for id in ids[1::2] if id in told]


def _unpacked(cursor: str | None) -> str:
    return "" if cursor is None else base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def test_what_an_app_writes_there_vanishes_for_it(caller, shelf, never_share):
    kept = caller.post("memories/", {"title": "Kept", "text": "x"}).json
    never_share((kept["integration_id"], "Secret"), "#private")
    inside = caller.post("memories/", {"title": "A", "text": "x", "folder": "Secret/Deep"})
    tagged = caller.post("memories/", {"title": "B", "text": "x", "tags": ["Private"]})
    moved = caller.patch(f"memories/{kept['id']}/", {"folder": "Secret"})
    assert [one.status_code for one in (inside, tagged, moved)] == [201, 201, 200]
    assert caller.titles() == []
    for id in (inside.json["id"], tagged.json["id"], kept["id"], "mry_none"):
        answers = [
            caller.get(f"memories/{id}/"),
            caller.patch(f"memories/{id}/", {"title": "C", "tags": [], "folder": ""}),
            caller.delete(f"memories/{id}/"),
            caller.get(f"documents/{id}/contents/"),
        ]
        assert [said(one) for one in answers] == [(404, "not_found")] * 4


def test_a_source_that_is_never_shared_is_none(connect, shelf, never_share, drive):
    shelf.keep("Diary", drive)
    slack = shelf.connect("slack")
    everything, window = connect(), connect(shelf.memento("Both", drive, slack))
    never_share(drive)
    for caller in (everything, window, connect(scope="integrations:read integrations:write")):
        assert [one["id"] for one in caller.get("integrations/").json["data"]] == [slack]
        for answer in (
            caller.get(f"integrations/{drive}/"),
            caller.patch(f"integrations/{drive}/", {"name": "x"}),
            caller.delete(f"integrations/{drive}/"),
        ):
            assert said(answer) == (404, "not_found")


def test_no_app_deletes_a_source_with_what_it_does_not_reach(connect, choose, shelf, never_share, drive):
    """Nor one of which the person has said something, which would go with it and not come back with it."""
    slack, gmail = shelf.connect("slack"), shelf.connect("gmail")
    shelf.keep("Diary", drive, tags=["private"])
    shelf.keep("Bread", gmail)
    caller = connect()
    choose(caller, writable=[shelf.memento("All", drive, slack, gmail)])
    never_share("#private", (slack, "Later"))
    answers = [caller.delete(f"integrations/{id}/") for id in (drive, slack)]
    assert [said(one) for one in answers] == [(403, "not_writable")] * 2
    assert caller.delete(f"integrations/{gmail}/").status_code == 204


def test_a_write_that_began_before_looks_once_more(app, connect, shelf, never_share, drive):
    """The token was looked up while nothing was kept back; what it found holds no longer."""
    shelf.keep("Diary", drive)
    caller = connect()
    with app.app_context():
        found = find_access_token(SessionConnection(db.session()), digest(caller.access_token))
        before = caller_of(found, db.session(), "http://127.0.0.1:8000")
        hold(before)
        db.session.rollback()
        never_share("#private")
        with pytest.raises(TokenOutdated):
            hold(before)


def test_an_organizations_own_memories_know_nothing_of_it(organization, never_share):
    never_share("#private")
    assert organization.post("memories/", {"title": "Plan", "text": "x", "tags": ["private"]}).status_code == 201
    assert organization.titles() == ["Plan"]


@each(
    ("rule", "tag"),
    [("Ärzte", "ärzte"), ("ärzte", "ÄRZTE"), ("ДНЕВНИК", "дневник"), ("Caf\u00e9", "cafe\u0301"), ("straße", "STRASSE"),
     ("PRIVATE", "private"), ("Private", "ＰＲＩＶＡＴＥ")],
)  # fmt: skip
def test_a_tag_is_the_same_in_capitals_and_in_small_letters_of_any_alphabet(
    connect, shelf, never_share, drive, rule, tag
):
    shelf.keep("Diary", drive, tags=[tag])
    bread = shelf.keep("Bread", drive, tags=["Arzte", "other"])
    everything = connect()
    never_share(f"#{rule}")
    assert everything.titles() == ["Bread"]
    assert everything.get(f"memories/{bread}/").status_code == 200
