"""The pages of what apps did: receipts with their drawing, what apps wrote, and undoing it."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.accounts.users import find_user_by_email
from app.clients.models import Client
from app.consents.models import Consent
from app.consents.receipts.writing import Detail, Written, write_detail, write_receipts, write_rows
from app.consents.undo.recording import Journal, look_at
from app.extensions import db
from app.memories.models import Memory
from app.memories.records import change_memory, delete_memory
from tests.journeys.walk import ALICE, enter, follow


@pytest.fixture
def did_much(server, demonstration) -> str:
    """What Acme Notebook did with Alice's memories for some weeks; the handle of its connection."""
    with server.app.app_context():
        user = find_user_by_email(ALICE)
        client = db.session.scalar(
            select(Client).where(Client.client_id == demonstration.clients["Acme Notebook"].client_id)
        )
        consent = Consent(
            user_id=user.id,
            client_key=client.key,
            scope="memories:read memories:write",
            selection="all",
            resources="api",
        )
        db.session.add(consent)
        db.session.flush()
        memories = db.session.scalars(select(Memory).where(Memory.user_id == user.id).order_by(Memory.title)).all()
        ids, connection, now = [one.id for one in memories], db.session.connection(), clock.now()
        for ago in range(40):
            minute = (now - timedelta(hours=17 * ago)).replace(second=0, microsecond=0)
            write_rows(connection, [(consent.grant_id, "read", minute, key, 3 + ago % 9) for key in ("", "all")])
            write_detail(connection, consent.grant_id, minute, "searched", f"what about {ago}?", detail_of(ids[:2]))
            write_detail(connection, consent.grant_id, minute, "read", "", detail_of(ids))
        journal = Journal(db.session(), user.id, consent.grant_id)
        for number, memory in enumerate(memories[:3]):
            before = look_at(memory)
            change_memory(db.session(), memory, {"title": f"{memory.title}, by an app"})
            journal.add_changed(memory, before)
            if number == 2:
                memory.text = "Changed since."
                memory.updated_at = now + timedelta(minutes=1)
        journal.add_deleted(memories[3])
        delete_memory(db.session(), memories[3])
        write_receipts(
            db.session(), consent.grant_id, [Written("changed", ids[:3]), Written("deleted", ids[3:4], [])], []
        )
        db.session.commit()
        return consent.grant_id


def detail_of(ids: list[str]) -> Detail:
    detail = Detail()
    detail.add(1, len(ids), ids)
    return detail


def test_what_apps_did(look, page, server, demonstration, did_much):
    shots = os.environ.get("SHOTS")

    def see(name: str, path: str | None = None) -> None:
        look(name, path and server.url + path)
        for width, scheme in ((1280, "light"), (320, "dark")) if shots else ():
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
            page.set_viewport_size({"width": 1280, "height": 900})
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= 3 * 900, f"{name} is {height} pixels tall."

    enter(page, server, ALICE)
    page.goto(server.url + "/account/")
    follow(page.get_by_role("link", name="Activity"))
    see("activity")
    # One line, none taller than the next.
    boxes = [
        one.bounding_box() for one in page.locator(".filter").first.locator("select, input[type=date], button").all()
    ]
    assert len(boxes) == 4 and len({(box["y"], box["height"]) for box in boxes}) == 1, boxes
    page.get_by_text("The same as a table").click()
    look("activity, the table")
    page.get_by_label("What it did").select_option("changed")
    follow(page.get_by_role("button", name="Show", exact=True))
    see("activity, filtered")
    follow(page.get_by_role("link", name="Show all"))
    page.get_by_label("How long this is kept").select_option("0")
    follow(page.get_by_role("button", name="Keep it so long"))
    see("keep nothing")
    follow(page.get_by_role("link", name="Leave it as it is"))
    follow(page.get_by_role("link", name="Undo what apps wrote"))
    see("what apps wrote")
    follow(page.get_by_role("link", name="Undo this").first)
    see("undo one")
    page.go_back()
    follow(page.get_by_role("button", name="Show what would be undone"))
    see("undo all since")
    follow(page.get_by_role("button", name="Undo all of this"))
    see("undone")
    see("an app's activity", f"/account/apps/{did_much}/activity")
