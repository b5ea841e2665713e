"""The mementos that apps make and fill themselves: what each may do with one, beside what the model says."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.consents import changes
from app.consents.choice import Choice
from app.consents.resources import API
from tests.walks.credentials import Access
from tests.walks.model import READ, WRITE, Allowed
from tests.walks.world import World

_NUMBERS = st.integers(0, 50)


class Made(World):
    """``made`` tells by which connection each was made that is still there."""

    @property
    def made(self) -> dict[str, str]:
        kept = self.__dict__.setdefault("_made", {})
        return {id: grant_id for id, grant_id in kept.items() if id in self.model.mementos}

    @precondition(lambda self: self.credentials.accesses)
    @rule(number=_NUMBERS)
    def makes_one(self, number):
        if access := self._caller(number):
            self._make(access)

    @precondition(lambda self: self.made and self.model.memories)
    @rule(number=_NUMBERS, which=_NUMBERS, what=_NUMBERS)
    def puts_into_one(self, number, which, what):
        if access := self._caller(number):
            # Mostly something that it added itself.
            added = self._list_added(access.family.consent)
            among = added if added and what % 4 else list(self.model.memories)
            self._put(access, self._one(access, which), among[what % len(among)])

    @precondition(lambda self: self.made)
    @rule(number=_NUMBERS, which=_NUMBERS, only_empties=st.booleans())
    def empties_or_deletes_one(self, number, which, only_empties):
        if access := self._caller(number):
            self._empty_or_delete(access, self._one(access, which), only_empties)

    def arrange(self, access: Access) -> None:
        """Make one, fill it with what may go in and what may not, and try again once another app looks through it."""
        consent = access.family.consent
        if access.family.resource != API or (id := self._make(access)) is None:
            return
        for memory in [*self._list_added(consent)[:1], *list(self.model.memories)[:1]]:
            self._put(access, id, memory)
        for other in list(self.model.consents.values()):
            choice = Choice("selected", {id: False})
            if other is consent or other.slot[0] != consent.slot[0]:
                continue
            if self.change(changes.change_choice, self.people[other.slot[0]].id, other.grant_id, choice):
                self.note_choice(other, choice)
                self._put(access, id, next(iter(self.model.memories)))
                self._empty_or_delete(access, id, only_empties=True)
                self._empty_or_delete(access, id, only_empties=False)

    def _make(self, access: Access) -> str | None:
        self.count += 1
        answer = self.call(access, "POST", "mementos/", json={"name": f"own {self.count}"})
        assert answer.status_code == self._expect(access, 201), answer.text
        if answer.status_code != 201:
            return None
        consent, id = access.family.consent, answer.json["id"]
        self.model.mementos[id] = (consent.slot[0], set())
        self.__dict__["_made"] = self.made | {id: consent.grant_id}
        return id

    def _put(self, access: Access, id: str, memory: str) -> None:
        consent = access.family.consent
        answer = self.call(access, "POST", f"mementos/memento_document/{id}/", json={"add": [memory]})
        may = self._is_added(consent, memory)
        assert answer.status_code == self._expect(access, 200 if may else 422, id), answer.text
        if answer.status_code == 200:
            self.model.mementos[id][1].add((None, None, memory))
            assert set(answer.json["document_ids"]) == self._held(consent, id)

    def _empty_or_delete(self, access: Access, id: str, only_empties: bool) -> None:
        path = f"mementos/memento_document/{id}/" if only_empties else f"mementos/{id}/"
        answer = self.call(access, "DELETE", path)
        assert answer.status_code == self._expect(access, 204, id), answer.text
        if answer.status_code == 204 and only_empties:
            self.model.mementos[id][1].clear()
        elif answer.status_code == 204:
            self.model.delete_memento(id)

    def tell_made(self, access: Access) -> dict[str, int]:
        """Those that the connection made, each with how many memories the app is told to be in it."""
        consent = access.family.consent
        if not {READ, WRITE} & access.held:
            return {}
        return {id: len(self._held(consent, id)) for id, by in self.made.items() if by == consent.grant_id}

    def _expect(self, access: Access, status: int, memento_id: str | None = None) -> int:
        consent = access.family.consent
        if memento_id is not None and self.made[memento_id] != consent.grant_id:
            status = 404
        elif memento_id is not None and not self._may_change_one(consent, memento_id):
            status = 403
        works = self.credentials.works(access, self.clock.at)
        return 401 if not works else 403 if WRITE not in access.held else status

    def _may_change_one(self, consent: Allowed, memento_id: str) -> bool:
        """Nobody else looks through it, and nothing is in it but what the app added."""
        is_named = any(
            memento_id in other.chosen
            for other in self.model.consents.values()
            if other is not consent and other.selection == "selected" and self.model.is_live(other, self.clock.at)
        )
        own = self.model.own_sources(consent)
        contents = [memory for _, _, memory in self.model.mementos[memento_id][1]]
        return not is_named and all(one is not None and self.model.memories[one].source in own for one in contents)

    def _held(self, consent: Allowed, memento_id: str) -> set[str]:
        contents = {memory for _, _, memory in self.model.mementos[memento_id][1] if memory is not None}
        return {one for one in contents if self._is_added(consent, one)}

    def _list_added(self, consent: Allowed) -> list[str]:
        return [one for one in self.model.memories if self._is_added(consent, one)]

    def _is_added(self, consent: Allowed, memory_id: str) -> bool:
        """The app has added it, and nothing keeps it back from the app since."""
        is_own = self.model.memories[memory_id].source in self.model.own_sources(consent)
        return is_own and self.model.may_come_out(consent, memory_id)

    def _one(self, access: Access, which: int) -> str:
        mine = [id for id, by in self.made.items() if by == access.family.consent.grant_id]
        among = mine if mine and which % 4 else list(self.made)
        return among[which % len(among)]

    def _caller(self, number: int) -> Access | None:
        alive = [one for one in self.credentials.accesses if self.credentials.works(one, self.clock.at)]
        among = alive if alive and number % 6 else self.credentials.accesses
        among = [one for one in among if one.family.resource == API]
        return among[::-1][number % len(among)] if among else None
