"""Random choices, edits, pauses and reads of two people and two apps, against a small model of who may see what.

The model is the twenty lines of :class:`tests.api.model.Model`. It knows nothing of SQL; the app knows nothing of it.
They never disagree.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from app import clock
from app.consents.models import Consent, ConsentMemento
from app.extensions import db
from app.memories.models import Memento, MementoContent, Memory
from tests.api.households import Households, ids
from tests.databases import empty_tables
from tests.properties import examples

PEOPLE, APPS = st.sampled_from("ab"), st.sampled_from("xy")
FOLDERS = st.sampled_from(["", "t", "t/u", "t/u/v", "t-", "t2", "T"])
NUMBERS = st.integers(0, 50)
SELECTIONS = st.sampled_from(["all", "selected", "selected", "selected", "none"])


class Walk(Households):
    # What people do, behind the API's back.

    @rule(person=PEOPLE, source=st.integers(0, 1), folder=FOLDERS)
    def keep(self, person, source, folder):
        source = self.sources[person][source]
        memory = Memory(user_id=self.people[person], integration_id=source, folder=folder, title="m", text="word")
        self.model.memories[self._add(memory)] = (person, source, folder)

    @rule(
        person=PEOPLE,
        picks=st.lists(st.tuples(NUMBERS, st.sampled_from(["source", "folder", "memory"]), FOLDERS), max_size=3),
    )
    def make_memento(self, person, picks):
        picks = self._picks(person, picks)
        contents = [MementoContent(integration_id=a, folder=b, memory_id=c) for a, b, c in picks]
        memento = Memento(user_id=self.people[person], name=f"m{clock.now().timestamp()}", contents=contents)
        self.model.mementos[self._add(memento)] = (person, picks)

    @rule(
        number=NUMBERS,
        picks=st.lists(st.tuples(NUMBERS, st.sampled_from(["source", "folder", "memory"]), FOLDERS), max_size=2),
    )
    def edit_memento(self, number, picks):
        if (id := self._one_of(self.model.mementos, number)) is None:
            return
        person = self.model.mementos[id][0]
        picks = self._picks(person, picks)
        with self.app.app_context():
            memento = db.session.get_one(Memento, id)
            memento.contents = [MementoContent(integration_id=a, folder=b, memory_id=c) for a, b, c in picks]
            db.session.commit()
        self.model.mementos[id] = (person, picks)

    @rule(number=NUMBERS)
    def delete_memento(self, number):
        if (id := self._one_of(self.model.mementos, number)) is not None:
            self._delete(Memento, id)
            del self.model.mementos[id]

    @rule(number=NUMBERS, folder=FOLDERS)
    def move_memory(self, number, folder):
        if (id := self._one_of(self.model.memories, number)) is not None:
            owner, source, _ = self.model.memories[id]
            with self.app.app_context():
                db.session.get_one(Memory, id).folder = folder
                db.session.commit()
            self.model.memories[id] = (owner, source, folder)

    @rule(number=NUMBERS)
    def delete_memory(self, number):
        if (id := self._one_of(self.model.memories, number)) is not None:
            self._delete(Memory, id)
            del self.model.memories[id]

    @rule(
        app=APPS,
        person=PEOPLE,
        selection=SELECTIONS,
        numbers=st.lists(NUMBERS, max_size=3),
        ticks=st.lists(st.booleans(), min_size=3, max_size=3),
    )
    def choose(self, app, person, selection, numbers, ticks):
        own = [id for id, (owner, _) in self.model.mementos.items() if owner == person]
        chosen = {self._one_of(own, number): tick for number, tick in zip(numbers, ticks, strict=False) if own}
        grant_id = self.callers[app, person].grant_id
        with self.app.app_context():
            db.session.get_one(Consent, grant_id).selection = selection
            db.session.execute(db.delete(ConsentMemento).where(ConsentMemento.grant_id == grant_id))
            db.session.add_all(
                ConsentMemento(grant_id=grant_id, memento_id=id, can_write=tick) for id, tick in chosen.items()
            )
            db.session.commit()
        ticked = {id for id, tick in chosen.items() if tick}
        self.model.consents[app, person] |= {"selection": selection, "read": set(chosen), "write": ticked}

    @rule(app=APPS, person=PEOPLE, does=st.sampled_from(["pause", "resume", "resume", "resume", "revoke"]))
    def pause_resume_or_revoke(self, app, person, does):
        with self.app.app_context():
            consent = db.session.get_one(Consent, self.callers[app, person].grant_id)
            consent.paused_at = None if does == "resume" else clock.now()
            consent.revoked_at = consent.revoked_at or (clock.now() if does == "revoke" else None)
            is_dead = consent.revoked_at is not None or consent.paused_at is not None
            db.session.commit()
        (self.model.dead.add if is_dead else self.model.dead.discard)((app, person))

    # What apps do.

    @rule(app=APPS, person=PEOPLE, folder=FOLDERS)
    def app_adds(self, app, person, folder):
        caller = self.callers[app, person]
        response = caller.post("memories/", {"title": "m", "text": "word", "folder": folder})
        if (app, person) in self.model.dead:
            assert response.status_code == 401
            return
        assert response.status_code == 201
        self.model.memories[response.json["id"]] = (person, response.json["integration_id"], folder)
        for memento in caller.get("mementos/").json["data"]:
            if memento["name"].startswith("Saved by") and memento["id"] not in self.model.mementos:
                self.model.mementos[memento["id"]] = (person, [(response.json["integration_id"], None, None)])
                self.model.consents[app, person]["own"] = {memento["id"]}

    @rule(app=APPS, person=PEOPLE, number=NUMBERS, method=st.sampled_from(["patch", "delete"]))
    def app_changes(self, app, person, number, method):
        if (id := self._one_of(self.model.memories, number)) is None:
            return
        caller = self.callers[app, person]
        response = (
            caller.patch(f"memories/{id}/", {"title": "x"}) if method == "patch" else caller.delete(f"memories/{id}/")
        )
        if (app, person) in self.model.dead:
            assert response.status_code == 401
        elif not self.model.may("read", app, person, id):
            assert response.status_code == 404
        elif not self.model.may("write", app, person, id):
            assert response.status_code == 403
        else:
            assert response.status_code in (200, 204)
            if method == "delete":
                del self.model.memories[id]

    @rule(app=APPS)
    def organization_adds(self, app):
        response = self.organizations[app].post("memories/", {"title": "m", "text": "word"})
        self.saved_by_organization[app].add(response.json["id"])

    @rule(app=APPS, person=PEOPLE, number=NUMBERS)
    def app_reads_one(self, app, person, number):
        if (id := self._one_of(self.model.memories, number)) is not None and (app, person) not in self.model.dead:
            status = self.callers[app, person].get(f"memories/{id}/").status_code
            assert (status == 200) == self.model.may("read", app, person, id) and status in (200, 404)

    @rule(app=APPS, person=PEOPLE, q=st.sampled_from([None, "word"]))
    def app_lists(self, app, person, q):
        self._compare(app, person, q)

    @invariant()
    def every_app_reads_what_the_model_says(self):
        if getattr(self, "callers", None):
            app, person = "xy"[len(self.model.memories) % 2], "ab"[len(self.model.mementos) % 2]
            self._compare(app, person, None)

    def teardown(self):
        for app, person in getattr(self, "callers", {}):
            for q in (None, "word"):
                self._compare(app, person, q)
        for app, caller in getattr(self, "organizations", {}).items():
            assert ids(caller.get("memories/", limit=100)) == self.saved_by_organization[app]
        with self.app.app_context():
            empty_tables(db.engine, db.metadata)


@pytest.mark.usefixtures("app")
def test_no_read_ever_disagrees_with_the_model(app):
    run_state_machine_as_test(
        lambda: Walk(app),
        settings=examples(8, stateful_step_count=40),
    )
