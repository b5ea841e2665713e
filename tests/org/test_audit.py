"""The audit log: found by app, person and kind, taken away as two kinds of file, and never changed."""

import ast
import json
import re
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import delete, update

from app.audit import events
from app.audit.models import AuditEvent, AuditLogIsAppendOnly
from app.extensions import db
from app.limits.table import DASHBOARD_ACTS
from app.org import audit_log
from app.org.audit_log import KINDS
from app.org.kind_names import KIND_NAMES
from tests.databases import BACKEND
from tests.org.conftest import HONEST, in_acme, signed_in
from tests.parsed import nodes_of_file
from tests.spreadsheet import read_records
from tests.statements import find_plan, noted_statements, takes_all
from tests.tables import each

LIST, AUDIT = "/org/oauth/", "/org/oauth/audit"


@pytest.fixture
def history(app, admin, olive, notebook, pocket) -> None:
    """Bob changes and suspends apps, Olive deletes one."""
    path = LIST + notebook.client_id
    admin.submit(admin.get(f"{path}/settings"), press="Save", name="Acme Diary")
    admin.submit(admin.get(f"{path}/suspend"), press="Suspend the app")
    browser = signed_in(app, olive)
    browser.submit(browser.get(f"{LIST}{pocket.client_id}/delete"), press="Delete the app", typed_name="Acme Pocket")


def lines(response) -> list[dict]:
    return [json.loads(line) for line in response.text.splitlines()]


def rows(page) -> list[str]:
    body = page.text.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in page.text else ""
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("<tr>")[1:]]


def test_page_tells_who_did_what_the_latest_first(admin, history):
    told = rows(admin.get(AUDIT))

    assert "Olive Owens Acme Pocket deleted the app" in told[0]
    assert "Bob Baker Acme Diary suspended the app" in told[1]
    assert "changed the settings name : Acme Notebook → Acme Diary" in told[2]


@each(
    ("query", "kinds"),
    [
        ("kind=client.suspended", ["client.suspended"]),
        ("person={olive}", ["client.deleted"]),
        ("app={pocket}", ["client.deleted", "client.registered"]),
        ("app={notebook}&person={bob}", ["client.suspended", "client.updated"]),
        ("app={pocket}&kind=client.suspended", []),
        ("kind=nothing", []),
        ("app=%00", []),
        ("person=%ff", []),
        ("app=" + "x" * 3000, []),
    ],
)
def test_filter_holds_on_the_page_and_in_both_files(app, admin, history, olive, bob, notebook, pocket, query, kinds):
    query = query.format(olive=olive.id, bob=bob.id, notebook=notebook.client_id, pocket=pocket.client_id)

    assert [one["kind"] for one in lines(admin.get(f"{AUDIT}.jsonl?{query}"))] == kinds
    assert [one["kind"] for one in read_records(admin.get(f"{AUDIT}.csv?{query}"))] == kinds
    assert len(rows(admin.get(f"{AUDIT}?{query}"))) == len(kinds)


def test_of_many_apps_one_is_sought_by_its_name(app, admin, history, bob, notebook, monkeypatch):
    """A list of ten thousand would be most of the page."""
    monkeypatch.setattr("app.org.audit_log._MOST_APPS", 0)
    page = admin.get(f"{AUDIT}?app=diary&kind=client.suspended")
    assert 'name="app" dir="auto" value="diary"' in page.text and notebook.client_id not in page.text
    assert len(rows(page)) == 1
    assert {one["client_name"] for one in lines(admin.get(f"{AUDIT}.jsonl?app=DIARY"))} == {"Acme Diary"}
    assert lines(admin.get(f"{AUDIT}.jsonl?app=nothing")) == []


def test_deleted_app_can_still_be_filtered_for_by_its_name(admin, history, pocket):
    page = admin.get(AUDIT).text
    assert f'<option value="{pocket.client_id}">Acme Pocket (deleted)</option>' in page


def test_files_say_what_they_are(admin, history):
    for kind, media_type in (("csv", "text/csv"), ("jsonl", "application/jsonl")):
        response = admin.get(f"{AUDIT}.{kind}")
        assert response.text
        assert response.mimetype == media_type
        assert response.headers["Content-Disposition"] == f'attachment; filename="acme-audit.{kind}"'
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"


def test_json_lines_hold_the_event_whole(admin, history, bob, notebook):
    event = next(one for one in lines(admin.get(f"{AUDIT}.jsonl")) if one["kind"] == "client.updated")

    assert (event["actor_id"], event["actor_name"], event["actor_email"]) == (bob.id, bob.name, bob.email)
    assert (event["client_id"], event["client_name"]) == (notebook.client_id, "Acme Diary")
    assert event["details"]["before"] == {"name": "Acme Notebook"}
    assert event["occurred_at"].endswith("+00:00")


@each("start", ["=", "+", "-", "@", "\t", "\r", " =", "＝"])
def test_no_cell_of_the_csv_is_a_formula(app, admin, start):
    """A spreadsheet computes what begins so, and can be made to send what stands beside it (CWE-1236)."""
    with app.app_context():
        events.record(
            f"{start}cmd|' /C calc'!A0", organization_id=in_acme(app), actor_user_id=f"{start}1", client_key=f"{start}2"
        )
        db.session.commit()

    (row,) = read_records(admin.get(f"{AUDIT}.csv"))

    for column in ("kind", "actor_id", "client_id"):
        assert row[column].startswith("'")


def test_quotes_commas_and_line_breaks_stay_in_their_cell(app, admin):
    with app.app_context():
        events.record("member.invited", organization_id=in_acme(app), label='a","b\n"c', role="member")
        db.session.commit()

    (row,) = read_records(admin.get(f"{AUDIT}.csv"))

    assert json.loads(row["details"])["label"] == 'a","b\n"c'


def test_nobody_fills_the_log_by_a_script(app, admin, notebook, monkeypatch):
    """It is kept for good, with all that was before and after; whoever looks is not counted."""
    monkeypatch.setattr("app.org.access.DASHBOARD_ACTS", structs.replace(DASHBOARD_ACTS, most=2))
    page = admin.get(f"{LIST}{notebook.client_id}/settings")
    for name in ("One", "Two"):
        assert admin.submit(page, press="Save", name=name).status_code in (303, 409)
    answer = admin.submit(page, press="Save", name="Three")
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) <= 3600
    assert len(lines(admin.get(f"{AUDIT}.jsonl?kind=client.updated"))) <= 2 and admin.get(LIST).status_code == 200


def test_long_log_is_paged_without_gaps_and_exported_whole(app, admin, monkeypatch):
    with app.app_context():
        for number in range(130):
            events.record("client.updated", organization_id=in_acme(app), number=number, before={}, after={})
        db.session.commit()
    monkeypatch.setattr(audit_log, "_EXPORT_BATCH", 30)

    page, seen = admin.get(AUDIT), []
    while True:
        seen += rows(page)
        older = re.search(r'href="([^"]+)">Older<', page.text)
        if older is None:
            break
        page = admin.get(older[1].replace("&amp;", "&"))

    assert len(seen) == 130
    exported = lines(admin.get(f"{AUDIT}.jsonl"))
    assert {one["details"]["number"] for one in exported} == set(range(130))
    assert len(exported) == 130


@pytest.mark.skipif(BACKEND != "sqlite", reason="asks SQLite how it would do it")
def test_the_export_goes_on_where_its_last_piece_ended(app, admin, history, monkeypatch):
    """PostgreSQL too looks for a place in the index by a pair of values alone: by "or" it reads all before it once more."""
    monkeypatch.setattr(audit_log, "_EXPORT_BATCH", 1)
    with noted_statements(app) as noted:
        admin.get(f"{AUDIT}.jsonl")
    plans = [find_plan(app, statement) for statement, _values in noted if "FROM audit_events LEFT OUTER" in statement]
    assert len(plans) > 1 and not any(map(takes_all, plans))
    assert all("(occurred_at,id)<(?,?)" in plan[0] for plan in plans[1:])


@each("before", ["x", "%00", "evt_" + "0" * 24, "y" * 3000])
def test_page_before_an_unknown_event_is_empty(admin, history, before):
    assert "Nothing of that kind has happened" in admin.get(f"{AUDIT}?before={before}").text


def test_no_event_of_another_organization_is_told(app, carol, admin, history):
    with app.app_context():
        acmes = db.session.query(AuditEvent).first().id
    browser = signed_in(app, carol)

    assert lines(browser.get(f"{AUDIT}.jsonl")) == []
    assert "Acme" not in browser.get(f"{AUDIT}?before={acmes}").text


def test_no_export_holds_a_secret(app, admin, notebook):
    admin.submit(admin.get("/org/oauth/register"), press="Register the app", **HONEST)

    for kind in ("csv", "jsonl"):
        text = admin.get(f"{AUDIT}.{kind}").text
        assert "client.registered" in text
        assert "rlq_" not in text


# -- append-only --------------------------------------------------------------------------------------


@pytest.fixture
def recorded(app, admin, notebook) -> None:
    admin.submit(admin.get(f"{LIST}{notebook.client_id}/suspend"), press="Suspend the app")


@pytest.mark.parametrize(
    "change",
    [
        lambda event: setattr(event, "kind", "client.resumed"),
        lambda event: db.session.delete(event),
        lambda _event: db.session.execute(update(AuditEvent).values(kind="client.resumed")),
        lambda _event: db.session.execute(delete(AuditEvent)),
        lambda _event: db.session.query(AuditEvent).delete(),
    ],
)
def test_the_application_can_neither_change_nor_delete_an_event(app, recorded, change):
    with app.app_context():
        with pytest.raises(AuditLogIsAppendOnly):
            change(db.session.query(AuditEvent).first())
            db.session.flush()
        db.session.rollback()
        assert db.session.query(AuditEvent).filter_by(kind="client.suspended").count() == 1


def test_every_kind_that_is_recorded_has_its_sentence():
    """Read from the source: every call of ``record`` and ``record_client_event`` with a literal kind."""
    recorded = set()
    calls = [
        path
        for path in (Path(__file__).parents[2] / "app").rglob("*.py")
        if re.search(r"\brecord(_client_event)?\b", path.read_text())
    ]
    for path in calls:
        for node in nodes_of_file(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
                "record",
                "record_client_event",
            ):
                # The kind is the first argument, or the second, behind the session.
                recorded |= {
                    one.value
                    for argument in node.args[:2]
                    for one in ast.walk(argument)
                    if isinstance(one, ast.Constant)
                }
    kinds = {kind for kind in recorded if isinstance(kind, str) and "." in kind}
    assert len(kinds) > 15
    # What is a person's own or the operator's, no organization reads.
    assert {kind for kind in kinds if not kind.startswith(("user.", "account.", "mail."))} <= KINDS.keys()


def test_the_kinds_are_told_in_the_words_of_the_dashboard(admin):
    """A person reads “app”; “client” is the wire's word."""
    page = admin.get("/org/oauth/audit").text
    assert ">App: secret added<" in page.replace("\u2068", "").replace("\u2069", "")
    assert "Client: " not in page


def test_every_kind_has_a_name_to_be_chosen_by():
    assert KIND_NAMES.keys() == KINDS.keys()
