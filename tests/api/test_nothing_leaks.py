"""What is never shared leaves no trace in any answer to any app: there might as well be nothing of it.

Everything that an app can ask is asked while memories are kept back, and again once they do not exist. Each answer must
be the same, to the letter: its status, its headers, its length, its order, its cursors. So nothing that depends on them
is told, whatever form it might have.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select

from app import clock
from app.credentials import new_id
from app.extensions import db
from app.mcp.tools import TOOLS
from app.memories.keeping_back import keep_back
from app.memories.models import Integration, Memento, Memory, MemoryTag
from app.memories.picks import Pick
from app.operations.idempotency import IdempotencyKey
from app.operations.operation import OPERATIONS, Operation
from tests.api.conftest import ALL_SCOPES, Caller
from tests.api.two_worlds import HIDDEN, Asker, ask_everything
from tests.mcp.conftest import RESOURCE, Agent

_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Household:
    """Alice's memories: some to be seen, and a hundred and more to be kept back in every way there is."""

    app: object
    person: str
    ids: dict[str, str]

    def keep_back(self) -> None:
        ids = self.ids
        with self.app.app_context():
            for what in (Pick(memory_id=ids["single"]), Pick(ids["drive"], "Private"), Pick(ids["vault"]), "Secret",
                         Pick(ids["own_source"], "Private")):  # fmt: skip
                keep_back(db.session(), self.person, what)
            db.session.commit()

    def forget(self) -> None:
        """Let what is kept back never have been."""
        with self.app.app_context():
            tagged = select(MemoryTag.memory_id).where(MemoryTag.tag == "secret")
            for gone in (Memory.id == self.ids["single"], Memory.id == self.ids["deep"], Memory.id.in_(tagged),
                         Memory.integration_id == self.ids["vault"]):  # fmt: skip
                db.session.execute(delete(Memory).where(gone))
            db.session.commit()

    def known(self) -> set[str]:
        with self.app.app_context():
            return {id for one in (Memory, Memento, Integration) for id in db.session.scalars(select(one.id))}

    def leave_only(self, known: set[str]) -> None:
        with self.app.app_context():
            for one in (Memory, Memento, Integration):
                db.session.execute(delete(one).where(one.id.not_in(known)))
            db.session.execute(delete(IdempotencyKey))
            db.session.commit()


@pytest.fixture
def household(app, alice, shelf) -> Household:
    drive, slack, vault = shelf.connect(name="Drive"), shelf.connect("slack"), shelf.connect("dropbox", "Vault")
    ids = {"drive": drive, "slack": slack, "vault": vault}
    for title in ("Sourdough", "Rye", "Bagels"):
        shelf.keep(title, drive, text="About bread.", folder="Baking", tags=["food"])
    shelf.keep("Toast", slack, text="About bread, once more.")
    text = "About bread and a xylophone."
    ids["single"] = shelf.keep("Hidden diary", drive, text=text)
    ids["deep"] = shelf.keep("Hidden letter", drive, text=text, folder="Private/Letters")
    ids["tagged"] = shelf.keep("Hidden bread xylophone", slack, text=text, tags=["secret"])
    ids["vaulted"] = shelf.keep("Hidden deed", vault, text=text)
    with app.app_context():
        rows = [{"id": new_id("mry"), "user_id": alice.id, "integration_id": slack, "folder": "", "title": "Hidden",
                 "text": text, "created_at": _START + timedelta(seconds=number), "updated_at": _START}
                for number in range(120)]  # fmt: skip
        db.session.execute(insert(Memory), rows)
        db.session.execute(insert(MemoryTag), [{"memory_id": row["id"], "tag": "secret"} for row in rows])
        db.session.commit()
    ids["all_of_it"] = shelf.memento("All of it", drive, slack, vault)
    ids["hidden_only"] = shelf.memento("Only those", ids["single"], ids["tagged"], (drive, "Private"), vault)
    return Household(app, alice.id, ids)


@pytest.fixture(params=["everything", "chosen to write", "integrations alone"])
def callers(request, household, notebook, register, signed_in) -> tuple[Caller, Agent]:
    """Two apps at the two faces, each of which has added a memory that is to be seen and one that is not."""
    ids = household.ids
    chosen = {"selection": "selected", "memento_ids": [ids["all_of_it"], ids["hidden_only"]]}
    choice = {
        "everything": {"selection": "all"},
        "chosen to write": chosen | {"writable_ids": chosen["memento_ids"]},
        "integrations alone": None,
    }[request.param]
    scope = ALL_SCOPES if choice else "integrations:read integrations:write"
    tokens = notebook.tokens(signed_in, scope=scope, choose=choice)
    other = register(name="Agent").tokens(signed_in, scope=ALL_SCOPES, choose=choice or chosen, resource=RESOURCE)
    caller, agent = Caller(household.app, tokens["access_token"]), Agent(household.app, other["access_token"])
    ids |= {"own": "mry_none", "own_source": "int_none", "made": "mem_none"}
    if choice:
        seen = caller.post("memories/", {"title": "Mine", "text": "About bread."}).json
        own = caller.post("memories/", {"title": "Hidden", "text": "About a xylophone.", "tags": ["secret"]}).json
        made = caller.post("mementos/", {"name": "Made"}).json
        ids |= {"own": own["id"], "own_source": own["integration_id"], "made": made["id"]}
        caller.post(f"mementos/memento_document/{made['id']}/", {"add": [seen["id"], own["id"]]})
        agent.call("save_memory", title="Hidden", text="About a xylophone.", tags=["secret"])
    else:
        ids["own_source"] = caller.post("integrations/", {"kind": "memory", "name": "Mine"}).json["id"]
    return caller, agent


def _ask(household: Household, callers, known: set[str], cursors: dict[str, str]) -> list[tuple[str, str]]:
    asker = Asker(*callers, household.ids, known)
    ask_everything(asker, cursors)
    household.leave_only(known)
    return asker.told


def test_no_answer_tells_that_anything_is_kept_back(household, callers, monkeypatch, request):
    done = _note_operations(monkeypatch)
    caller, _agent = callers
    cursors = {
        words: page["next_cursor"]
        for words in ("bread", "xylophone")
        if (page := caller.get("memories/", q=words, limit=3).json).get("next_cursor")
    }
    at = clock.now() + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: at)
    known = household.known()
    household.keep_back()
    kept_back = _ask(household, callers, known, cursors)
    household.forget()
    without = _ask(household, callers, known, cursors)
    asked = {question.split()[0] for question, _answer in without}
    for one, other in zip(kept_back, without, strict=True):
        assert one == other
    told = "".join(answer for _question, answer in kept_back)
    assert "Hidden" not in told
    assert "xylophone" not in told
    assert not [id for name in HIDDEN if (id := household.ids[name]) in told]
    if "everything" in request.node.name:
        assert done == {operation.name for operation in OPERATIONS}
        assert asked >= set(TOOLS)


def _note_operations(monkeypatch) -> set[str]:
    done, carry_out = set(), Operation.carry_out

    def note_and_carry_out(self, *given):
        done.add(self.name)
        return carry_out(self, *given)

    monkeypatch.setattr(Operation, "carry_out", note_and_carry_out)
    return done
