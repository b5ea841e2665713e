"""What the tests of memories share: people whose memories and mementos are written down in a line each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.extensions import db
from app.memories.contents import memories_of_mementos
from app.memories.mementos import list_mementos
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.reach import Reach

_START = datetime(2026, 1, 1, tzinfo=UTC)


class Keeper:
    """Somebody who keeps memories. ``kinds`` names the integrations; each memory is a minute newer than the last."""

    def __init__(self, user_id: str, *kinds: str):
        self.user_id = user_id
        self._minutes = 0
        self.integrations = {}
        for kind in kinds:
            self.connect(kind)

    def connect(self, kind: str, name: str | None = None) -> Integration:
        integration = Integration(user_id=self.user_id, kind=kind, name=name or f"my {kind}")
        db.session.add(integration)
        db.session.flush()
        self.integrations[kind] = integration
        return integration

    def keep(self, title: str, kind: str = "google_drive", folder: str = "") -> Memory:
        self._minutes += 1
        memory = Memory(
            user_id=self.user_id,
            integration_id=self.integrations[kind].id,
            folder=folder,
            title=title,
            text=f"About {title}.",
            created_at=_START + timedelta(minutes=self._minutes),
        )
        db.session.add(memory)
        db.session.flush()
        return memory

    def memento(self, name: str, *picks: Memory | Integration | tuple[str, str]) -> str:
        """The id of a new memento of memories, integrations, and ``(kind, folder)`` pairs."""
        memento = Memento(user_id=self.user_id, name=name, contents=[self._content(pick) for pick in picks])
        db.session.add(memento)
        db.session.flush()
        return memento.id

    def _content(self, pick) -> MementoContent:
        if isinstance(pick, Memory):
            return MementoContent(memory_id=pick.id)
        if isinstance(pick, Integration):
            return MementoContent(integration_id=pick.id)
        kind, folder = pick
        return MementoContent(integration_id=self.integrations[kind].id, folder=folder)


@pytest.fixture
def context(app, alice, request) -> Iterator[None]:
    """An application context for the length of a test that makes no requests.

    People come first: they are registered in contexts of their own, which would wait for this one's transaction.
    """
    for name in {"bob", "carol"}.intersection(request.fixturenames):
        request.getfixturevalue(name)
    with app.app_context():
        yield


@pytest.fixture
def ann(context, alice) -> Keeper:
    """Alice, with two sources that hold nothing yet."""
    return Keeper(alice.id, "google_drive", "slack")


@pytest.fixture
def ben(context, bob) -> Keeper:
    """Bob, with a source of the same kind as one of Alice's."""
    return Keeper(bob.id, "google_drive")


@pytest.fixture
def titles_in(context) -> Callable[[str], set[str]]:
    """The titles of a memento's memories, after checking that the summary counts exactly these."""

    def titles_in(memento_id: str) -> set[str]:
        memories = db.session.scalars(db.select(Memory).where(memories_of_mementos([memento_id]))).all()
        titles = [memory.title for memory in memories]
        assert len(titles) == len(set(titles))
        owner = db.session.get(Memento, memento_id).user_id
        (summary,) = [one for one in list_mementos(owner) if one.id == memento_id]
        assert summary.count == len(titles)
        newest_first = sorted(memories, key=lambda memory: memory.created_at, reverse=True)
        assert summary.sample_titles == [memory.title for memory in newest_first[:3]]
        return set(titles)

    return titles_in


@pytest.fixture
def everything(ann) -> Reach:
    return Reach(user_id=ann.user_id, everything=True)


@pytest.fixture
def texts(ann):
    """Memories of Ann's, by title and text."""

    def keep(**texts: str) -> None:
        for title, text in texts.items():
            ann.keep(title.replace("_", " ")).text = text
        db.session.flush()

    return keep
