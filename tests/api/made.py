"""What tests of mementos that an app makes share."""

from sqlalchemy import select

from app.extensions import db
from app.memories.models import MementoContent


def make(caller, name: str = "Work Documents") -> str:
    response = caller.post("mementos/", {"name": name})
    assert response.status_code == 201, response.text
    return response.json["id"]


def add_memory(caller, title: str = "Bread") -> str:
    response = caller.post("memories/", {"title": title, "text": "Flour."})
    assert response.status_code == 201, response.text
    return response.json["id"]


def fill(caller, memento: str, *memories: str, **change):
    return caller.post(f"mementos/memento_document/{memento}/", {"add": list(memories), **change})


def held(app, memento: str) -> set[str]:
    with app.app_context():
        of_it = select(MementoContent.memory_id).where(MementoContent.memento_id == memento)
        return set(db.session.scalars(of_it))


def said(response) -> tuple[int, str]:
    return response.status_code, response.json["code"]
