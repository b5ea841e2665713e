"""What apps did is noted in memory and written down by the minute, and no read ever writes."""

import os
import signal
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from app import clock, credentials
from app.accounts.users import register_user
from app.clients.registration import register_client
from app.config import settings
from app.consents.models import Consent
from app.consents.receipts import AccessRecord, ReceiptWriter
from app.consents.receipts import log as access_log
from app.consents.receipts.gaps import list_gaps
from app.extensions import db
from app.http.services import services
from app.memories.models import Integration, Memento, Memory
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from tests.server import running_server
from tests.tables import each

NEW = {"title": "Bread", "text": "Flour and water."}


@pytest.fixture
def records(app):
    """What is written down: ``(action, memento) -> count``, the whole under the memento None."""

    def records(memento_names: dict | None = None) -> dict:
        with app.app_context():
            services().notes.of(access_log.AccessLog).flush()
            rows = db.session.scalars(select(AccessRecord)).all()
            assert all(row.memento_id == row.memento_key for row in rows if row.memento_key not in ("", "all"))
            return {(row.action, row.memento_key or None): row.count for row in rows}

    yield records
    with app.app_context():
        services().notes.of(access_log.AccessLog).flush()


@pytest.fixture(autouse=True)
def _in_the_middle_of_a_minute(monkeypatch):
    at = clock.now().replace(second=30, microsecond=0)
    monkeypatch.setattr("app.clock.now", lambda: at)


@pytest.fixture
def filled(shelf, connect):
    drive, slack = shelf.connect(), shelf.connect("slack")
    ids = [shelf.keep("Lisbon", drive, folder="Trips"), shelf.keep("Bread", drive), shelf.keep("Chat", slack)]
    trips, work = shelf.memento("Trips", (drive, "Trips")), shelf.memento("Work", drive, slack)
    return connect(trips, work), ids, (trips, work)


def test_reads_are_counted_by_memento_and_as_a_whole(filled, records):
    """A memory in two mementos counts in both; each memory counts once a call."""
    caller, (lisbon, bread, _chat), (trips, work) = filled
    caller.titles(), caller.titles(q="about"), caller.get(f"memories/{lisbon}/"), caller.get(f"memories/{bread}/")
    caller.get("documents/search/", q="lisbon"), caller.get("documents/", page_size=1)
    assert records() == {("read", None): 10, ("read", trips): 4, ("read", work): 10}


def test_later_reads_of_the_minute_are_added(filled, records):
    caller, _, (trips, work) = filled
    for times in (1, 2):
        caller.titles()
        assert records() == {("read", None): 3 * times, ("read", trips): times, ("read", work): 3 * times}


def test_each_minute_has_its_own(app, filled, records, monkeypatch):
    caller, _, _ = filled
    caller.titles()
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr("app.clock.now", lambda: later)
    caller.titles()
    records()
    with app.app_context():
        minutes = set(db.session.scalars(select(AccessRecord.minute)))
    assert len(minutes) == 2 and all(minute.second == 0 for minute in minutes)


def test_nothing_is_written_by_the_read_itself(app, filled):
    caller, _, _ = filled
    caller.titles()
    with app.app_context():
        assert db.session.scalars(select(AccessRecord)).all() == []


def test_what_was_not_there_or_not_allowed_is_not_counted(filled, records):
    caller, (lisbon, *_), _ = filled
    for response in (caller.get("memories/mry_0/"), caller.delete(f"memories/{lisbon}/"), caller.post("memories/", {})):
        assert response.status_code >= 400
    assert records() == {}


@each("path", ["memories/", "documents/search/", "documents/"])
def test_a_head_tells_nothing_as_nothing_is_noted_of_it(filled, records, path):
    """Else an app could read by the length of what its searches find, letter by letter, and nobody would see it."""
    caller, _, _ = filled
    answers = [caller.open("HEAD", path, query_string={"q": word}) for word in ("Lisbon", "nothing")]
    assert [(answer.status_code, answer.data) for answer in answers] == [(200, b"")] * 2
    found, nothing = [[one for one in answer.headers if one[0] != "X-Request-ID"] for answer in answers]
    assert found == nothing
    assert "Content-Length" not in answers[0].headers
    assert records() == {}


def test_writes_are_counted_in_the_apps_own_memento(connect, records):
    caller = connect(selection="none")
    id = caller.post("memories/", NEW).json["id"]
    (own,) = [memento["id"] for memento in caller.get("mementos/").json["data"]]
    caller.post("memories/bulk/", {"memories": [NEW, NEW]}), caller.patch(f"memories/{id}/", {"title": "Rye"})
    assert records() == {("write", None): 4, ("write", own): 4}
    assert caller.delete(f"memories/{id}/").status_code == 204
    assert records() == {("write", None): 5, ("write", own): 5}


def test_a_repeated_request_is_no_second_write(connect, records):
    caller = connect()
    for _ in range(2):
        caller.post("memories/", NEW, headers={"Idempotency-Key": "a"})
    assert records()["write", None] == 1


def test_what_is_read_with_everything_is_counted_as_that(shelf, connect, records):
    shelf.keep("One", shelf.connect())
    caller = connect()
    caller.titles()
    assert records() == {("read", None): 1, ("read", "all"): 1}
    id = caller.post("memories/", NEW).json["id"]
    (own,) = [one["id"] for one in caller.get("mementos/").json["data"] if one["id"] != "all"]
    assert records()["write", "all"] == records()["write", own] == 1
    caller.delete(f"memories/{id}/")
    assert records()["write", "all"] == records()["write", own] == 2


@each("selection", ["selected", "none"])
def test_it_is_counted_where_it_lay_when_it_was_read_whatever_is_chosen_a_moment_later(
    filled, records, choose, shelf, selection
):
    caller, _, (trips, work) = filled
    later = shelf.memento("Later", shelf.connect("gmail"))
    caller.titles()
    choose(caller, *([later] if selection == "selected" else []), selection=selection)
    caller.titles()
    assert records() == {("read", None): 3, ("read", trips): 1, ("read", work): 3}


def test_an_organizations_token_has_no_consent_to_record_under(organization, records):
    organization.post("memories/", NEW), organization.titles()
    assert records() == {}


def test_a_consent_that_is_gone_meanwhile_takes_its_records_with_it(app, filled, records):
    caller, _, _ = filled
    caller.titles()
    with app.app_context():
        db.session.execute(delete(Consent).where(Consent.grant_id == caller.grant_id))
        db.session.commit()
    assert records() == {}


def test_a_memento_that_is_gone_meanwhile_is_counted_as_a_whole_only(app, filled, records):
    caller, _, (trips, work) = filled
    caller.titles()
    with app.app_context():
        db.session.execute(delete(Memento).where(Memento.id == trips))
        db.session.commit()
    assert records() == {("read", None): 3, ("read", work): 3}


def test_what_could_not_be_written_down_is_kept_for_the_next_time(app, filled, records, monkeypatch):
    caller, _, (trips, work) = filled
    caller.titles()
    with monkeypatch.context() as patch, app.app_context():
        patch.setattr(access_log, "_write", lambda _engine, _seen: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services().notes.of(access_log.AccessLog).flush()
    caller.titles()
    assert records() == {("read", None): 6, ("read", trips): 2, ("read", work): 6}


def test_more_memories_than_are_kept_by_id_are_still_counted_as_a_whole(filled, records, monkeypatch):
    caller, _, (_, work) = filled
    monkeypatch.setattr(access_log, "_MOST_IDS", 3)
    caller.titles(), caller.titles()
    counts = records()
    assert (counts["read", None], counts["read", work]) == (6, 3)


def test_what_a_deleted_client_did_stays_the_persons(notebook, filled, records, delete_client):
    """Also what was noted before it was deleted and is written down only now."""
    caller, _, (trips, work) = filled
    caller.titles()
    delete_client(notebook)
    assert records() == {("read", None): 3, ("read", trips): 1, ("read", work): 3}


# -- in a server's worker ------------------------------------------------------------------------------


def test_a_worker_writes_down_what_it_noted(each_database_url, tmp_path):
    """Every few seconds, and at its end."""
    with running_server(each_database_url, tmp_path, WEB_CONCURRENCY="2") as server:
        caller = _connect(server.app)
        _read_eight_times(server.url, caller)
        assert _wait_for_total(server.app, 8) == 8
        _read_eight_times(server.url, caller)
        os.kill(server.pid, signal.SIGTERM)
        assert _wait_for_total(server.app, 16) == 16
    assert "could not be written down" not in server.log


def test_a_worker_that_is_killed_leaves_a_gap_and_one_that_ends_leaves_none(each_database_url, tmp_path, monkeypatch):
    with running_server(each_database_url, tmp_path, WEB_CONCURRENCY="1") as server:
        _read_eight_times(server.url, _connect(server.app))
        deadline = time.monotonic() + 20
        while not _signs(server.app) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(_signs(server.app)) == 1
        # The worker, and not the one that starts it again.
        (worker,) = _children(server.pid)
        os.kill(worker, signal.SIGKILL)
        while _children(server.pid) in ([worker], []) and time.monotonic() < deadline:
            time.sleep(0.05)
        _read_eight_times(server.url, _connect(server.app, "b"))
        while len(_signs(server.app)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(_signs(server.app)) == 2
        os.kill(server.pid, signal.SIGTERM)
        while len(_signs(server.app)) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        (seen,) = _signs(server.app)
        later = clock.now() + timedelta(minutes=3)
        monkeypatch.setattr("app.clock.now", lambda: later)
        with server.app.app_context():
            (gap,) = list_gaps(db.session(), later - timedelta(hours=1), None)
        assert gap.begin < seen < gap.end


def _signs(app) -> list:
    with app.app_context():
        return list(db.session.scalars(select(ReceiptWriter.seen_at)))


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _read_eight_times(url: str, caller: dict[str, str]) -> None:
    for _ in range(8):
        request = urllib.request.Request(f"{url}/api/v1/memories/", headers=caller)
        with urllib.request.urlopen(request) as response:
            assert response.status == 200


def _wait_for_total(app, expected: int) -> int:
    """The total, once it is as high as that or has not come to be in twenty seconds."""
    deadline = time.monotonic() + 20
    while (total := _total(app)) < expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return total


def _connect(app, name: str = "a") -> dict[str, str]:
    """The header of an app that reads the one memory of a person who allowed it everything."""
    with app.app_context():
        user = register_user(
            email=f"{name}@example.com", name="A", password="the password of A", organization_name=f"Acme {name}"
        )
        db.session.flush()
        fields = {
            "name": "App",
            "type": "confidential",
            "redirect_uris": ["https://a.example/"],
            "scopes": ["memories:read"],
        }
        client, _ = register_client(db.session(), settings(), organization=user.memberships[0].organization, **fields)
        integration = Integration(user_id=user.id, kind="memory", name="Mine")
        db.session.add(integration)
        db.session.flush()
        db.session.add(Memory(user_id=user.id, integration_id=integration.id, title="One", text="One."))
        consent = Consent(user_id=user.id, client_key=client.key, scope="memories:read", selection="all")
        db.session.add(consent)
        db.session.flush()
        family = TokenFamily(grant_id=consent.grant_id, issued_at=clock.now())
        token = credentials.new_credential(credentials.ACCESS_TOKEN)
        db.session.add(family)
        db.session.flush()
        db.session.add(
            AccessToken(
                digest=credentials.digest(token),
                client_key=client.key,
                family_id=family.id,
                audience="api",
                scope="memories:read",
                issued_at=clock.now(),
                expires_at=clock.now() + timedelta(hours=1),
            )
        )
        db.session.commit()
    return {"Authorization": f"Bearer {token}"}


def _total(app) -> int:
    with app.app_context():
        whole = select(AccessRecord.count).where(AccessRecord.memento_key == "")
        return sum(db.session.scalars(whole))
