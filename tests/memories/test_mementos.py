"""What a person is told of their mementos, and how one is made."""

from collections.abc import Callable

import pytest
from sqlalchemy import inspect

from app.extensions import db
from app.memories import built_in
from app.memories.contents import select_sample_titles
from app.memories.mementos import (
    MementoError,
    MementoNameInvalid,
    MementoNameTaken,
    MementoSummary,
    NoIntegrationChosen,
    Source,
    UnknownIntegration,
    count_chosen,
    create_memento,
    list_integrations,
    list_mementos,
    owned_memento_ids,
    summarize_everything,
)
from app.memories.models import Memento
from app.memories.reach import Reach
from app.memories.records import list_integrations_in_reach
from tests.databases import BACKEND
from tests.statements import noted_statements


def test_a_summary_shows_count_sources_and_the_three_newest_titles(ann):
    for number in range(1, 5):
        ann.keep(f"document {number}", "google_drive", "Heron")
    ann.keep("chat", "slack", "heron")
    id = ann.memento("Heron", ("google_drive", "Heron"), ann.integrations["slack"])
    assert list_mementos(ann.user_id) == [
        MementoSummary(
            id=id,
            name="Heron",
            count=5,
            sources=[Source("google_drive", "my google_drive", 4), Source("slack", "my slack", 1)],
            sample_titles=["chat", "document 4", "document 3"],
        )
    ]


def test_mementos_come_by_name_whatever_its_case_and_empty_ones_too(ann):
    for name in ("trips", "Books", "Éclairs", "work", "Recipes"):
        ann.memento(name)
    assert [one.name for one in list_mementos(ann.user_id)] == ["Books", "Recipes", "trips", "work", "Éclairs"]
    assert {(one.count, len(one.sources), len(one.sample_titles)) for one in list_mementos(ann.user_id)} == {(0, 0, 0)}


def test_nobody_sees_another_persons_mementos(ann, ben):
    ben.memento("Private", ben.integrations["google_drive"])
    ben.keep("secret")
    assert list_mementos(ann.user_id) == []
    assert summarize_everything(ann.user_id).count == 0
    assert [one.count for one in list_integrations(ann.user_id)] == [0, 0]


def test_the_number_of_queries_does_not_grow_with_the_mementos(app, ann):
    memory = ann.keep("plan", folder="Work")
    for number in range(12):
        ann.memento(f"Memento {number}", ("google_drive", "Work"), memory, ann.integrations["slack"])
    with noted_statements(app) as queries:
        list_mementos(ann.user_id)
    assert len(queries) == 3


@pytest.mark.skipif(BACKEND != "sqlite", reason="PostgreSQL joins as the numbers of rows suggest.")
def test_each_single_memory_is_looked_up_and_not_compared_with_each_source(ann):
    """Of a hundred thousand that are picked one by one each was, for each of a thousand sources: half a minute."""
    titles, sources, ids = [], [], []
    for count in range(2):
        picks = []
        for number in range(100):
            ann.connect(f"{count} {number}")
            picks.append(ann.keep(f"memory {count} {number}", f"{count} {number}"))
        ids.append(ann.memento(f"Picks {count}", *picks))
        reach = Reach(user_id=ann.user_id, can_write=dict.fromkeys(ids, False))
        titles.append(_count_steps(lambda: list(select_sample_titles.read(db.session(), ann.user_id))))
        sources.append(_count_steps(lambda reach=reach: list_integrations_in_reach(db.session(), reach)))
    assert titles[1] < 3 * titles[0], titles
    assert sources[1] < 3 * sources[0], sources


def _count_steps(act: Callable[[], object]) -> int:
    """In how many steps, each of a hundred instructions, SQLite does something."""
    steps: list[None] = []
    driver = db.session.connection().connection.driver_connection
    driver.set_progress_handler(lambda: steps.append(None), 100)
    try:
        act()
    finally:
        driver.set_progress_handler(None, 0)
    return len(steps)


def test_everything_contains_all_memories_and_names_every_source_that_has_some(ann):
    ann.connect("dropbox")
    ann.keep("first", "google_drive")
    for title in ("second", "third", "fourth"):
        ann.keep(title, "slack", "general")
    assert summarize_everything(ann.user_id) == MementoSummary(
        id="all",
        name="Everything",
        count=4,
        sources=[Source("slack", "my slack", 3), Source("google_drive", "my google_drive", 1)],
        sample_titles=["fourth", "third", "second"],
    )


def test_the_built_in_mementos_explain_themselves():
    assert (built_in.ALL.id, built_in.NONE.id) == ("all", "none")
    assert "later" in built_in.ALL.explanation
    assert "none of your memories" in built_in.NONE.explanation


def test_integrations_come_by_name_with_their_counts_also_without_memories(ann):
    ann.connect("dropbox", "Archive")
    ann.keep("plan")
    found = [(one.kind, one.label, one.name, one.count) for one in list_integrations(ann.user_id)]
    assert found == [
        ("dropbox", "Dropbox", "Archive", 0),
        ("google_drive", "Google Drive", "my google_drive", 1),
        ("slack", "Slack", "my slack", 0),
    ]


def test_a_memory_in_two_chosen_mementos_counts_once(ann):
    soup = ann.keep("soup", folder="Recipes")
    ann.keep("cake", folder="Recipes")
    ann.keep("chat", "slack")
    folder = ann.memento("Recipes", ("google_drive", "Recipes"))
    single = ann.memento("Soup", soup)
    whole = ann.memento("Chats", ann.integrations["slack"])
    assert count_chosen(ann.user_id, [folder]) == 2
    assert count_chosen(ann.user_id, [folder, single]) == 2
    assert count_chosen(ann.user_id, [folder, single, whole, whole]) == 3
    assert count_chosen(ann.user_id, []) == 0


def test_another_persons_memento_is_not_counted_and_not_owned(ann, ben):
    ben.keep("secret")
    theirs = ben.memento("Private", ben.integrations["google_drive"])
    mine = ann.memento("Mine")
    assert count_chosen(ann.user_id, [theirs]) == 0
    assert owned_memento_ids(ann.user_id, [theirs, mine, "mem_unknown", mine, "\x00", "\ud800", ""]) == [mine]


def test_a_new_memento_holds_the_whole_integrations_that_were_ticked(ann, titles_in):
    ann.keep("plan", "google_drive", "Work")
    ann.keep("chat", "slack")
    drive, slack = (ann.integrations[kind].id for kind in ("google_drive", "slack"))
    memento = create_memento(db.session(), ann.user_id, "  All   of\twork ", [drive, slack, drive])
    assert memento.name == "All of work"
    assert len(memento.contents) == 2
    assert titles_in(memento.id) == {"plan", "chat"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        " \t\n",
        "x" * 101,
        "x" * 100_000,
        "a\x00b",
        "a\x07b",
        "half \ud800",
        "turn \u202e around",
        "\u200d",
        "\u3164",
        "\u2800\u00ad",
        "\u0301",
    ],
)
def test_a_name_that_cannot_be_read_is_refused(ann, name):
    with pytest.raises(MementoNameInvalid, match="name"):
        create_memento(db.session(), ann.user_id, name, [ann.integrations["slack"].id])


@pytest.mark.parametrize(
    "name",
    [
        "x" * 100,
        "Été à la mer",
        "旅行",
        "👩‍🍳 Recipes",
        "A & <b>B</b>",
        "50% off_",
        "‘quoted’",
        "می\u200cخواهم",
        "🦊",
        "αβtest",
        "\u200eשלום",
    ],
)
def test_a_name_may_be_anything_that_can_be_read(ann, name):
    assert create_memento(db.session(), ann.user_id, name, [ann.integrations["slack"].id]).name == name


@pytest.mark.parametrize("name", ["Recipes", "recipes", " RECIPES "])
def test_a_name_that_reads_like_another_of_the_persons_is_taken(ann, name):
    ann.memento("Recipes")
    with pytest.raises(MementoNameTaken, match="already have a memento"):
        create_memento(db.session(), ann.user_id, name, [ann.integrations["slack"].id])


def test_two_people_may_use_the_same_name(ann, ben):
    ben.memento("Recipes")
    assert create_memento(db.session(), ann.user_id, "Recipes", [ann.integrations["slack"].id]).name == "Recipes"


@pytest.mark.parametrize("name", ["All", "none", "Everything", "NOTHING YET"])
def test_a_built_in_name_is_taken(ann, name):
    with pytest.raises(MementoNameTaken, match="built-in"):
        create_memento(db.session(), ann.user_id, name, [ann.integrations["slack"].id])


def test_a_memento_of_nothing_is_refused(ann):
    with pytest.raises(NoIntegrationChosen, match="at least one source"):
        create_memento(db.session(), ann.user_id, "Empty", [])


@pytest.mark.parametrize("id", ["int_unknown", "", "\x00", "x" * 100_000])
def test_an_unknown_integration_is_refused(ann, id):
    with pytest.raises(UnknownIntegration):
        create_memento(db.session(), ann.user_id, "Odd", [ann.integrations["slack"].id, id])


def test_another_persons_integration_is_refused_like_an_unknown_one(ann, ben):
    with pytest.raises(UnknownIntegration):
        create_memento(db.session(), ann.user_id, "Stolen", [ben.integrations["google_drive"].id])


def test_a_name_that_was_taken_meanwhile_is_refused_and_the_session_goes_on(ann, monkeypatch):
    ann.memento("Recipes")
    looks = []
    see = db.session.scalars

    def blind_once(query):
        # As if another tab's memento had been committed after the first look at the names.
        looks.append(query)
        return [] if len(looks) == 1 else see(query)

    monkeypatch.setattr(db.session, "scalars", blind_once)
    with pytest.raises(MementoNameTaken):
        create_memento(db.session, ann.user_id, "Recipes", [ann.integrations["slack"].id])
    assert db.session.query(Memento).count() == 1


def test_every_refusal_is_one_error_with_a_sentence(ann):
    for error in (MementoNameInvalid, MementoNameTaken, NoIntegrationChosen, UnknownIntegration):
        assert issubclass(error, MementoError)
    assert issubclass(MementoError, ValueError)


def test_a_memento_is_only_added_for_the_caller_to_commit(ann):
    memento = create_memento(db.session(), ann.user_id, "Recipes", [ann.integrations["slack"].id])
    assert inspect(memento).persistent
    db.session.rollback()
    assert db.session.query(Memento).count() == 0
