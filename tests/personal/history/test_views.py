"""The history: what was given, widened, narrowed, paused, resumed, ended, caught and changed, by whom; to take along."""

import re
from datetime import timedelta

from sqlalchemy import select

from app import clock
from app.consents.events import ConsentEvent
from app.consents.models import Consent
from tests.personal.conftest import post, stock
from tests.purging import purge
from tests.spreadsheet import read_table
from tests.tables import each

PATH = "/account/history/"


def rows(page) -> list[str]:
    """Each line of the history, as text."""
    bodies = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", body).split()) for body in bodies if "<td" in body]


def whats(page) -> list[str]:
    """What each line says after its time and the app."""
    return [row.split("Acme Notebook ", 1)[1] for row in rows(page)]


def test_before_anything_was_allowed_the_page_says_what_will_be_here(signed_in):
    page = signed_in.get(PATH)
    assert "Nothing yet" in page.text and "See your apps" in page.text


def test_each_change_says_what_and_by_whom(signed_in, connected, shelf):
    page = signed_in.get(connected.path + "mementos")
    page = signed_in.submit(page, press="See what changes", selection="selected", memento_ids=[shelf.mementos["Diary"]])
    signed_in.submit(page, press="Apply")
    for act, data in (("end", {"until": "day"}), ("pause", {}), ("resume", {})):
        post(signed_in, connected.path + act, data)
    post(signed_in, "/account/apps/pause-all")
    signed_in.end_app(connected.grant_id)
    ended, frozen, resumed, paused, narrowed, less, more, given = whats(signed_in.get(PATH))
    assert (ended, resumed, paused) == ("Ended You", "Resumed You", "Paused You")
    assert frozen == "Paused with all others, at once You"
    assert narrowed.startswith("Narrowed Until ") and narrowed.endswith(". You")
    assert (more, less) == ("Widened It sees: Diary You", "Narrowed It no longer sees: Recipes You")
    assert given.startswith("Given It can: ") and "read and search the memories you choose" in given
    assert "It sees: Recipes Until you end it. You" in given


def test_a_replay_that_was_caught_stands_there_for_good(app, signed_in, connected, notebook, let_time_pass):
    code = notebook.code(signed_in)
    notebook.exchange(code)
    notebook.exchange(code)
    (caught, _given) = whats(signed_in.get(PATH))
    assert caught == (
        "An old key was used twice so every key that came of the same sign-in was ended "
        "The app, or whoever copied its key"
    )
    let_time_pass(days=200)
    purge(app)
    signed_in.enter(signed_in.person)
    assert whats(signed_in.get(PATH))[0] == caught


def test_an_end_that_has_come_says_so_when_it_is_noticed(signed_in, connected, notebook, let_time_pass):
    post(signed_in, connected.path + "end", {"until": "day"})
    let_time_pass(days=2)
    signed_in.enter(signed_in.person)
    notebook.allow(signed_in.person, "memories:read", {"selection": "all"})
    assert "Ended because the end had come that was set You" in whats(signed_in.get(PATH))


@each(
    ("kind", "actor", "changed", "said"),
    [
        ("ended", "operator", '{"unused_since": "2026-01-02T03:04:05+00:00"}', "nobody had used the app since 2 January"),
        ("ended", "admin", "{}", "Ended because the app was deleted Its makers"),
        ("ended", "app", "{}", "Ended The app"),
        ("ended", "person", '{"continued_by": "grant_2"}', "because another connection took its place You"),
        ("given", "person", '{"continues": "grant_0"}', "It took the place of an earlier connection"),
        ("changed", "app", '{"name": {"was": "Old", "is": "New"}}', "It was called “ Old ” and is now called “ New ”"),
        ("changed", "app", '{"redirect_uris": {"added": ["https://x.example/"], "removed": []}}', "https://x.example/"),
        ("widened", "person", '{"selection": "all", "until": null}', "everything, also what you add later. Until you end"),
        ("narrowed", "person", '{"scopes": ["a:scope"], "mementos": ["mem_gone"]}', "It no longer sees: a memento that is"),
        ("narrowed", "person", '{"selection": "selected", "remaining": ["mem_gone"]}', "It still sees: a memento that is"),
        ("narrowed", "person", '{"memory": ["add", "apps", "own"]}', "It can no longer add memories. It no longer sees what"),
        ("widened", "person", '{"device": true}', "A device was connected by the code that it showed You"),
        ("widened", "person", '{"memory": ["own"]}', "It sees what it adds itself."),
        ("widened", "person", '{"resources": ["api", "mcp", "res_gone"]}', "It uses it at 127.0.0.1:8000/mcp"),
    ],
)  # fmt: skip
def test_every_kind_is_told_in_words(signed_in, alice, in_database, kind, actor, changed, said):
    add(in_database, alice.id, 1, kind=kind, actor=actor, changed=changed)
    (row,) = rows(signed_in.get(PATH))
    assert said in row and "{" not in row


def add(in_database, user_id: str, count: int, **fields) -> None:
    """Events of connections that are gone, a minute apart."""

    def write(session):
        for number in range(count):
            values = {
                "grant_id": "grant_1", "client_key": "client_1", "client_name": "Gone", "kind": "paused",
                "actor": "person", "changed": "{}", "at": clock.now() - timedelta(minutes=number),
            }  # fmt: skip
            session.add(ConsentEvent(user_id=user_id, **values | fields))
        session.commit()

    in_database(write)


def test_a_long_history_is_in_pages_and_whole_in_its_files(signed_in, alice, in_database):
    add(in_database, alice.id, 30)
    first, second = signed_in.get(PATH), signed_in.get(PATH + "?page=2")
    assert len(rows(first)) == len(rows(second)) == 15
    assert set(rows(first)).isdisjoint(rows(second))
    assert len(signed_in.get(PATH + "history.json").json["history"]) == 30
    assert len(read_table(signed_in.get(PATH + "history.csv"))) == 31


def test_the_files_are_read_in_parts_without_a_gap(monkeypatch, signed_in, alice, in_database):
    monkeypatch.setattr("app.personal.history.listing._AT_ONCE", 2)
    add(in_database, alice.id, 7)
    times = [event["time"] for event in signed_in.get(PATH + "history.json").json["history"]]
    assert len(set(times)) == 7 and times == sorted(times, reverse=True)


def test_one_app_is_found_in_the_page_and_in_the_files(signed_in, connected, alice, in_database):
    add(in_database, alice.id, 3, client_key="client_other", client_name="Other")
    assert len(rows(signed_in.get(PATH))) == 4
    for handle, count in (("client_other", 3), (connected.integrator.client_id, 1), (connected.grant_id, 1)):
        assert len(rows(signed_in.get(f"{PATH}?app={handle}"))) == count
        assert len(signed_in.get(f"{PATH}history.json?app={handle}").json["history"]) == count
    assert 'value="client_other">' in signed_in.get(PATH).text


@each("handle", ["unknown", "%00", "x" * 5000, "'", "%F0%9F%98%80"])
def test_an_app_that_is_none_has_no_history(signed_in, connected, handle):
    page = signed_in.get(f"{PATH}?app={handle}")
    assert page.status_code == 200 and rows(page) == [] and "Nothing is known of that app" in page.text


def test_connections_of_one_app_are_told_apart(signed_in, connected, in_database):
    def add_another(session):
        one = session.scalars(select(ConsentEvent)).one()
        columns = ("user_id", "client_key", "client_name", "at", "kind", "actor", "changed")
        session.add(ConsentEvent(grant_id="grant_2", **{name: getattr(one, name) for name in columns}))
        session.get_one(Consent, connected.grant_id).name = "Mine at home"
        session.commit()

    in_database(add_another)
    page = signed_in.get(PATH).text
    assert "Single connections" in page and "Mine at home" in page.split("<optgroup")[1]
    # Two of one name and one day are not the same line.
    assert len(re.findall(r", \d\d:\d\d UTC</option>", page)) == 2


def test_a_table_holds_no_formula(signed_in, alice, in_database):
    add(in_database, alice.id, 1, client_name="=HYPERLINK(1)")
    _head, line = read_table(signed_in.get(PATH + "history.csv"))
    assert line[3] == "'=HYPERLINK(1)"


def test_nobody_else_reads_it(app, stranger, connected, alice, carol, in_database):
    add(in_database, alice.id, 1)
    stock(app, carol.id)
    for path in (PATH, PATH + f"?app={connected.grant_id}", PATH + "history.json", PATH + "history.csv"):
        answer = stranger.get(path).text
        assert "Gone" not in answer and "Notebook" not in answer and connected.grant_id not in answer.split("<main")[-1]
