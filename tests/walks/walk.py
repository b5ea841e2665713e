"""Random walks: what people decide, what apps do with it, and after each step what every app is told, beside the model."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import update

from app.accounts.models import User
from app.consents import changes
from app.consents.choice import Choice
from app.consents.models import Consent
from app.consents.resources import API, MCP
from app.extensions import db
from app.memories.keeping_back import keep_back, list_rules, stop_keeping_back
from app.memories.models import Memento, MementoContent, Memory, MemoryTag
from app.memories.picks import Pick
from app.scopes import SCOPES
from tests.databases import empty_tables
from tests.walks.comparing import compare, compare_accesses, compare_credentials
from tests.walks.credentials import MOST_REPEATS, Access
from tests.walks.made import Made
from tests.walks.model import READ, SOURCES, WRITE, Allowed, Slot
from tests.walks.world import SLOTS

EVERY = frozenset(SCOPES)
PEOPLE, WHO = st.sampled_from("ab"), st.sampled_from(SLOTS)
FOLDERS = st.sampled_from(["", "t", "t/u", "t/u/v", "t-", "t2", "T"])
TAGS = st.frozensets(st.sampled_from(["p", "Q", "r"]), max_size=2)
NUMBERS = st.integers(0, 50)
PICKS = st.lists(st.tuples(NUMBERS, st.sampled_from(["source", "folder", "memory"]), FOLDERS), min_size=1, max_size=3)
ASKED = st.sampled_from(
    [EVERY, EVERY, EVERY, frozenset({READ, SOURCES}), frozenset({SOURCES}), frozenset({READ, WRITE})]
)
SETTINGS = st.sampled_from([None, None, "own apps add", "apps add", "own add", "own apps", "own", ""])
CHOICES = st.tuples(
    st.sampled_from(["all", "selected", "selected", "selected", "none"]),
    st.lists(st.tuples(NUMBERS, st.booleans()), min_size=1, max_size=3),
)


class Walk(Made):
    @initialize()
    def somebody_has_begun(self):
        """Nobody starts with nothing: most of the steps would find nothing to do."""
        self.make_people_and_apps()
        for person in "ab":
            for number, folder in enumerate(("", "t", "t/u", "t-")):
                self.keeps(person, number, folder, frozenset({"p"} if folder == "t-" else ()))
            self.make_memento(person, {(self.own_sources[person][0], "t", None)})
            for app in ("x", "d1") if person == "a" else ("x", "y"):
                chosen = [id for id, (owner, _) in self.model.mementos.items() if owner == person]
                choice = Choice("all") if app == "y" else Choice("selected", {chosen[0]: app == "x"})
                self.give((person, app), EVERY, frozenset(), choice, True)
                self.redeem(self.issue_code((person, app), EVERY, MCP if app == "d1" else API))

    @rule(person=PEOPLE, number=NUMBERS, folder=FOLDERS, tags=TAGS)
    def keeps(self, person, number, folder, tags):
        """A source was synced."""
        source = self.own_sources[person][number % 3]
        fields = {"user_id": self.people[person].id, "integration_id": source, "folder": folder}
        memory = Memory(title="m", text="word", tags=[MemoryTag(tag=tag) for tag in tags], **fields)

        def add(session):
            session.add(memory)
            session.flush()
            return memory.id

        self.remember(self.in_database(add), person, source, folder, tags)

    # -- what people keep --------------------------------------------------------------------------

    @rule(person=PEOPLE, folder=FOLDERS, tags=TAGS)
    def writes_a_note(self, person, folder, tags):
        sent = {"title": "m", "text": "word", "folder": folder, "tags": ", ".join(sorted(tags))}
        answer = self.post(person, "/account/memories/new", sent)
        assert answer.status_code == 303, answer.text
        source = f"int_notes_{self.people[person].id.removeprefix('usr_')}"
        self.model.sources[source] = (person, "notes")
        self.remember(answer.location.split("/")[3], person, source, folder, tags)

    @rule(number=NUMBERS, folder=FOLDERS, tags=TAGS)
    def changes_a_memory(self, number, folder, tags):
        if (id := one_of(self.model.memories, number)) is None:
            return
        memory = self.model.memories[id]
        sent = {"title": "m", "text": "word", "folder": folder, "tags": ", ".join(sorted(tags))}
        assert self.post(memory.owner, f"/account/memories/{id}/edit", sent).status_code == 303
        memory.folder, memory.tags = folder, tags

    @rule(number=NUMBERS)
    def deletes_a_memory(self, number):
        if (id := one_of(self.model.memories, number)) is not None:
            owner = self.model.memories[id].owner
            assert self.post(owner, f"/account/memories/{id}/delete", {}).status_code == 303
            self.model.delete_memory(id)
            self.model.written.pop(id, None)

    @rule(person=PEOPLE, picks=PICKS)
    def makes_a_memento(self, person, picks):
        self.make_memento(person, self._picks(person, picks))

    @rule(number=NUMBERS, picks=PICKS)
    def changes_a_memento(self, number, picks):
        saved = {one.memento for one in self.model.saved.values()}
        if (id := one_of([one for one in self.model.mementos if one not in saved], number)) is None:
            return
        person, _ = self.model.mementos[id]
        picks = self._picks(person, picks)

        def write(session):
            contents = [MementoContent(integration_id=a, folder=b, memory_id=c) for a, b, c in picks]
            session.get_one(Memento, id).contents = contents

        self.in_database(write)
        self.model.mementos[id] = (person, picks)

    @rule(number=NUMBERS)
    def deletes_a_memento(self, number):
        if (id := one_of(self.model.mementos, number)) is not None:
            person, _ = self.model.mementos[id]
            assert self.post(person, f"/account/mementos/{id}/delete", {}).status_code == 303
            self.model.delete_memento(id)

    # -- what people decide --------------------------------------------------------------------------

    @rule(slot=WHO, scopes=ASKED, declined=ASKED, choice=CHOICES, resumes=st.booleans())
    def gives(self, slot, scopes, declined, choice, resumes):
        self.give(slot, scopes, declined - scopes, self._choice(slot, choice), resumes)

    @rule(slot=WHO, choice=CHOICES)
    def widens_or_narrows(self, slot, choice):
        consent, choice = self.model.consents.get(slot), self._choice(slot, choice)
        if consent is not None:
            done = self.change(changes.change_choice, self.people[slot[0]].id, consent.grant_id, choice)
            assert done == self.model.is_live(consent, self.clock.at)
            if done:
                self.note_choice(consent, choice)

    @rule(slot=WHO, act=st.sampled_from(["pause", "resume", "resume"]))
    def pauses_or_resumes(self, slot, act):
        if (consent := self.model.consents.get(slot)) is not None:
            answer = self.post(slot[0], f"/account/apps/{consent.grant_id}/{act}", {})
            is_live = self.model.is_live(consent, self.clock.at)
            assert (answer.status_code == 303) == is_live, answer.text
            consent.is_paused = (act == "pause") if is_live else consent.is_paused

    @rule(person=PEOPLE)
    def freezes_everything(self, person):
        assert self.post(person, "/account/apps/pause-all", {}).status_code == 303
        for slot, consent in self.model.consents.items():
            if slot[0] == person and self.model.is_live(consent, self.clock.at):
                consent.is_paused = True

    @rule(slot=WHO, memories=st.sampled_from(["keep", "keep", "delete"]))
    def ends(self, slot, memories):
        if (consent := self.model.consents.get(slot)) is None:
            return
        saved = self.model.saved.get(slot)
        added = [one for one in self.model.memories.values() if saved and one.source in saved.sources]
        is_live = self.model.is_live(consent, self.clock.at)
        sent = {"memories": memories, "count": str(len(added))}
        answer = self.post(slot[0], f"/account/apps/{consent.grant_id}/disconnect", sent)
        assert answer.status_code == (303 if is_live else 404), answer.text
        if is_live:
            consent.is_ended = True
            if memories == "delete" and saved is not None:
                self.model.delete_added(slot)

    @rule(slot=WHO, minutes=st.sampled_from([None, 1, 30, 90]))
    def sets_an_end(self, slot, minutes):
        if (consent := self.model.consents.get(slot)) is not None:
            until = None if minutes is None else self.clock.now() + timedelta(minutes=minutes)
            done = self.change(changes.change_end, self.people[slot[0]].id, consent.grant_id, until)
            assert done == self.model.is_live(consent, self.clock.at)
            consent.until = until if done else consent.until

    @rule(person=PEOPLE, number=NUMBERS, kind=st.sampled_from(["memory", "folder", "source", "tag"]))
    def never_shares(self, person, number, kind):
        if (id := one_of(self._seen_of(person) or self._own(person), number)) is None:
            return
        memory = self.model.memories[id]
        tag = one_of(sorted(memory.tags), number).swapcase() if kind == "tag" and memory.tags else None
        place = memory.source, memory.folder if kind == "folder" and memory.folder else None, None
        for what in [tag or ((None, None, id) if kind == "memory" else place)]:
            self.in_database(
                lambda session, what=what: keep_back(
                    session, self.people[person].id, what if isinstance(what, str) else Pick(*what)
                )
            )
            kept = self.model.never_shared_tags if tag else self.model.never_shared
            kept.setdefault(person, set()).add(what)

    @rule(person=PEOPLE, number=NUMBERS)
    def shares_again(self, person, number):
        user_id = self.people[person].id
        found = one_of(self.in_database(lambda session: list_rules(session, user_id)), number)
        if found is not None:
            assert self.in_database(lambda session: stop_keeping_back(session, user_id, found.id))
            if found.pick is None:
                self.model.never_shared_tags[person] = {
                    tag for tag in self.model.never_shared_tags[person] if tag.lower() != found.tag.lower()
                }
            else:
                pick = (found.pick.integration_id, found.pick.folder, found.pick.memory_id)
                self.model.never_shared[person].discard(pick)

    @rule(person=PEOPLE, setting=SETTINGS)
    def sets_what_apps_may(self, person, setting):
        where = update(User).where(User.id == self.people[person].id)
        self.in_database(lambda session: session.execute(where.values(memory_setting=setting)))
        self.model.settings.pop(person, None)
        if setting is not None:
            self.model.settings[person] = frozenset(setting.split())

    @rule(slot=WHO, setting=SETTINGS)
    def sets_what_one_app_may(self, slot, setting):
        if (consent := self.model.consents.get(slot)) is not None:
            where = update(Consent).where(Consent.grant_id == consent.grant_id)
            self.in_database(lambda session: session.execute(where.values(memory_setting=setting)))
            consent.setting = None if setting is None else frozenset(setting.split())

    @precondition(lambda self: self.model.written)
    @rule(number=NUMBERS)
    def undoes_what_an_app_wrote(self, number):
        """The first of what one app did to a memory, and with it all that it did there later."""
        id = one_of([id for id, entries in self.model.written.items() if entries], number)
        if id is not None:
            self.undo(id, self.model.written[id][0])

    @rule(seconds=st.sampled_from([10, 10, 40, 150, 3700]))
    def time_passes(self, seconds):
        self.clock.at += timedelta(seconds=seconds)
        if seconds > 3600:
            # An app fetches new ones.
            for refresh in [one for one in self.credentials.refreshes if one.rotated_at is None]:
                self.refresh(refresh)

    # -- what apps do -----------------------------------------------------------------------------

    @precondition(lambda self: self.model.consents)
    @rule(
        number=NUMBERS, scopes=ASKED, resource=st.sampled_from([API, API, MCP]), is_redeemed=st.sampled_from([1, 1, 0])
    )
    def is_sent_back_with_a_code(self, number, scopes, resource, is_redeemed):
        consent = one_of(list(self.model.consents.values()), number)
        if self.model.is_live(consent, self.clock.at) and (asked := scopes & consent.scopes):
            code = self.issue_code(consent.slot, asked, resource)
            if is_redeemed:
                self.redeem(code)

    @precondition(lambda self: self.credentials.codes)
    @rule(number=NUMBERS)
    def redeems_a_code(self, number):
        self.redeem(one_of(self.credentials.codes[::-1], number))

    @precondition(lambda self: self.credentials.refreshes)
    @rule(number=NUMBERS, times=st.sampled_from([1, 1, 2, 7]))
    def refreshes(self, number, times):
        for _ in range(times):
            self.refresh(one_of(self.credentials.refreshes[::-1], number))

    @precondition(lambda self: self.credentials.accesses)
    @rule(number=NUMBERS, ends_all=st.booleans())
    def revokes(self, number, ends_all):
        tokens = self.credentials.refreshes if ends_all else self.credentials.accesses
        token = one_of(tokens[::-1], number)
        assert self.integrator(token.family.consent.slot).revoke(token.value).status_code == 200
        (token.family if ends_all else token).is_revoked = True

    @precondition(lambda self: self.credentials.accesses)
    @rule(number=NUMBERS, folder=FOLDERS, tags=TAGS, into=NUMBERS)
    def adds(self, number, folder, tags, into):
        access, _ = self._access(number, API)
        if access is not None:
            self._add(access, folder, tags, into)

    def _add(self, access, folder, tags, into):
        consent = access.family.consent
        if access.family.resource != API:
            return
        saved = self.model.saved.get(consent.slot)
        source = one_of(saved.sources, into // 2) if saved and into % 2 else None
        sent = {"title": "m", "text": "word", "folder": folder, "tags": sorted(tags), "integration_id": source}
        answer = self.call(access, "POST", "memories/", json=sent)
        may = WRITE in access.held and self.model.adds(consent)
        assert answer.status_code == self._status(access, 201 if may else 403), answer.text
        if answer.status_code == 201:
            source = answer.json["integration_id"]
            self.learn_saved(consent.slot, source)
            self.remember(answer.json["id"], consent.slot[0], source, folder, tags)
            self.model.write(consent, answer.json["id"], is_new=True)

    @precondition(lambda self: self.credentials.accesses)
    @rule(number=NUMBERS, kind=st.sampled_from(["memory", "slack"]))
    def makes_a_source(self, number, kind):
        access, consent = self._access(number, API)
        if access is None:
            return
        answer = self.call(access, "POST", "integrations/", json={"kind": kind, "name": "Of an app"})
        may = "integrations:write" in access.held and self.model.adds(consent)
        assert answer.status_code == self._status(access, 201 if may else 403), answer.text
        if answer.status_code == 201:
            self.model.sources[answer.json["id"]] = (consent.slot[0], kind)
            self.learn_saved(consent.slot, answer.json["id"])

    @precondition(lambda self: self.credentials.accesses and self.model.memories)
    @rule(number=NUMBERS, which=NUMBERS, folder=FOLDERS, tags=st.none() | TAGS)
    def changes(self, number, which, folder, tags):
        access, _ = self._access(number, API)
        if access is not None:
            self._change(access, one_of(self.model.memories, which), folder, tags)

    def _change(self, access, id, folder, tags):
        consent, memory = access.family.consent, self.model.memories[id]
        sent = {"folder": folder} | ({} if tags is None else {"tags": sorted(tags)})
        answer = self.call(access, "PATCH", f"memories/{id}/", json=sent)
        expected = self._may_change(access, id)
        if expected == 200:
            before = memory.folder, memory.tags
            memory.folder, memory.tags = folder, memory.tags if tags is None else tags
            if not self.model.changes(consent, id):
                # Nobody may push a memory out of their own reach.
                expected, (memory.folder, memory.tags) = 403, before
            else:
                after, (memory.folder, memory.tags) = (memory.folder, memory.tags), before
                self.model.write(consent, id)
                memory.folder, memory.tags = after
        assert answer.status_code == expected, (expected, answer.text)

    @precondition(lambda self: self.credentials.accesses and self.model.memories)
    @rule(number=NUMBERS, which=NUMBERS)
    def deletes(self, number, which):
        access, _ = self._access(number, API)
        if access is None:
            return
        id = one_of(self.model.memories, which)
        answer = self.call(access, "DELETE", f"memories/{id}/")
        expected = self._may_change(access, id)
        assert answer.status_code == (204 if expected == 200 else expected), answer.text
        if answer.status_code == 204:
            self.model.write(access.family.consent, id, is_deletion=True)
            self.model.delete_memory(id)

    @precondition(lambda self: self.credentials.accesses)
    @rule(number=NUMBERS, seed=NUMBERS)
    def reads(self, number, seed):
        compare(self, one_of(self._tokens(number), number), seed)

    # -- at every step, and at the end -----------------------------------------------------------------

    @invariant()
    def a_token_that_works_is_told_what_the_model_says(self):
        if self.credentials.accesses:
            step = self.count + len(self.model.mementos)
            compare(self, one_of(self._tokens(step)[:4], step), step, is_short=step % 4 > 0)

    def teardown(self):
        try:
            if hasattr(self, "browsers"):
                each = self._one_of_each_consent()
                for access in each[:1]:
                    self._use_credentials_twice(access.family.consent)
                for number, access in enumerate(each):
                    self._decide_all_of_it(access, number)
                compare_accesses(self, self.credentials.accesses)
                self.clock.at += timedelta(hours=1)
                compare_credentials(self)
        finally:
            with self.app.app_context():
                db.session.rollback()
                empty_tables(db.engine, db.metadata)

    def _one_of_each_consent(self) -> list[Access]:
        alive = [one for one in self.credentials.accesses if self.credentials.works(one, self.clock.at)]
        return list({one.family.consent.grant_id: one for one in alive}.values())[:2]

    def _use_credentials_twice(self, consent: Allowed) -> None:
        """What comes a second time, later or sooner: a code, a refresh token within its grace and after it."""
        for seconds, what in ((0, "refresh"), (40, "refresh"), (0, "code"), (70, "late code")):
            code = self.issue_code(consent.slot, consent.scopes, API)
            if what == "late code":
                self.time_passes(seconds)
            self.redeem(code)
            self.time_passes(seconds)
            presented = self.credentials.refreshes[-1]
            for _ in range(2 if seconds else MOST_REPEATS + 3):
                if what == "refresh":
                    self.refresh(presented)
            if what == "code":
                self.redeem(code)
            compare_accesses(self, self.credentials.accesses[-2:])

    def _pushes_out_of_reach(self, access: Access) -> None:
        """An app that may change what is in a folder tries to put it elsewhere."""
        consent = access.family.consent
        person, source = consent.slot[0], self.own_sources[consent.slot[0]][0]
        choice = Choice("selected", {self.make_memento(person, {(source, "t", None)}): True})
        if self.change(changes.change_choice, self.people[person].id, consent.grant_id, choice):
            self.note_choice(consent, choice)
        self.keeps(person, 0, "t/u", frozenset())
        if access.family.resource == API:
            for folder in ("T", "t"):
                self._change(access, list(self.model.memories)[-1], folder, None)

    def _decide_all_of_it(self, access: Access, number: int) -> None:
        """From wherever the walk has led: each decision once, and what the app is told after it."""
        consent = access.family.consent
        person, _ = slot = consent.slot
        decisions = [
            lambda: self.never_shares(person, number, ("memory", "folder", "tag")[number]),
            lambda: self._add(access, "t", frozenset(), 0),
            lambda: self.sets_what_one_app_may(slot, "apps add"),
            lambda: self.sets_what_one_app_may(slot, "own"),
            lambda: self._add(access, "t", frozenset(), 0),
            lambda: self.sets_what_one_app_may(slot, None),
            lambda: self.arrange(access),
            lambda: self.widens_or_narrows(slot, ("all", [(0, False)])),
            lambda: self._pushes_out_of_reach(access),
            lambda: self.deletes_a_memory(number),
            lambda: self.give(slot, frozenset({SOURCES}), EVERY - {SOURCES}, Choice("none"), False),
            lambda: self.give(slot, EVERY, frozenset(), Choice("all"), False),
            lambda: self.keeps(person, 2, "", frozenset()),
            lambda: self.sets_what_one_app_may(slot, "own add"),
            lambda: self.sets_what_one_app_may(slot, None),
            lambda: self.pauses_or_resumes(slot, "pause"),
            lambda: self.pauses_or_resumes(slot, "resume"),
            lambda: self.widens_or_narrows(slot, ("none", [(0, False)])),
            lambda: self.sets_an_end(slot, 1),
            lambda: self.time_passes(150),
        ]
        for seed, decide in enumerate(decisions):
            decide()
            compare(self, access, seed + number, is_short=seed % 2 > 0)

    # -- reading what was drawn ------------------------------------------------------------------------

    def _picks(self, person, drawn):
        own = self._own(person)
        sources = [id for id, (owner, _) in self.model.sources.items() if owner == person]
        picks = set()
        for number, kind, folder in drawn:
            source = sources[number % len(sources)]
            if kind == "memory" and own:
                picks.add((None, None, own[number % len(own)]))
            else:
                picks.add((source, folder if kind == "folder" and folder else None, None))
        return picks

    def _own(self, person) -> list[str]:
        return [id for id, memory in self.model.memories.items() if memory.owner == person]

    def _seen_of(self, person) -> list[str]:
        """What some app of the person's reads now."""
        consents = [one for slot, one in self.model.consents.items() if slot[0] == person and not one.is_ended]
        return [id for id in self._own(person) if any(self.model.reads(one, id) for one in consents)]

    def _choice(self, slot: Slot, drawn) -> Choice:
        selection, numbers = drawn
        saved = self.model.saved.get(slot)
        own = [id for id, (owner, _) in self.model.mementos.items() if owner == slot[0]]
        own = [id for id in own if saved is None or id != saved.memento]
        if selection != "selected" or not own:
            return Choice("none" if selection == "selected" else selection)
        return Choice("selected", {one_of(own, number): tick for number, tick in numbers})

    def _access(self, number: int, resource: str) -> tuple[Access | None, object]:
        access = one_of([one for one in self._tokens(number) if one.family.resource == resource], number)
        return access, None if access is None else access.family.consent

    def _tokens(self, number: int) -> list[Access]:
        """All access tokens, the latest first; mostly those that work."""
        alive = [one for one in self.credentials.accesses if self.credentials.works(one, self.clock.at)]
        return alive[::-1] if alive and number % 6 else self.credentials.accesses[::-1]

    def _status(self, access: Access, status: int) -> int:
        return status if self.credentials.works(access, self.clock.at) else 401

    def _may_change(self, access: Access, memory_id: str) -> int:
        consent, held = access.family.consent, WRITE in access.held
        status = 200 if self.model.changes(consent, memory_id) else 403
        status = status if self.model.reads(consent, memory_id) else 404
        return self._status(access, status if held else 403)


def one_of(among, number: int):
    among = list(among)
    return among[number % len(among)] if among else None
