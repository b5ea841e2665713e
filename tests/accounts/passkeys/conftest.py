"""What the tests of passkeys share: a device, and our side of both ceremonies without the pages around them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from app.accounts.passkeys.answers import read_answer
from app.accounts.passkeys.challenges import Purpose
from app.accounts.passkeys.kept import list_passkeys
from app.accounts.passkeys.made import add_passkey, ask_to_make
from app.accounts.passkeys.models import Passkey
from app.accounts.passkeys.relying_party import RelyingParty
from app.accounts.passkeys.shown import ask_to_show, check_passkey
from app.extensions import db
from tests.accounts.conftest import StoppedClock, clock
from tests.accounts.passkeys.authenticator import Authenticator
from tests.actors import Person

__all__ = ["StoppedClock", "clock"]


@dataclass
class Ceremonies:
    """Our side. ``browser`` is what a browser alone has; what goes wrong comes as the exception that the views show."""

    app: Flask
    party: RelyingParty = field(default_factory=lambda: RelyingParty("localhost", "http://localhost:8000"))
    browser: str = "the browser's own"

    def ask_to_make(self, person: Person) -> dict:
        with self.app.app_context():
            who = {"user_id": person.id, "email": person.email, "name": person.name}
            return ask_to_make(db.session(), self.party, "Reliquary", browser=self.browser, **who)

    def add(self, person: Person, answer: dict | str, name: str = "My telephone") -> str:
        """Returns the passkey's id."""
        with self.app.app_context():
            passkey = add_passkey(
                db.session(), self.party, read_answer(_text(answer)), name, user_id=person.id, browser=self.browser
            )
            passkey_id = passkey.id
            db.session.commit()
            return passkey_id

    def ask_to_show(self, person: Person | None = None) -> dict:
        """To sign in, or for the second step of this person."""
        with self.app.app_context():
            if person is None:
                return ask_to_show(self.party, Purpose.SIGN_IN, self.browser, user_id="", passkeys=())
            passkeys = list_passkeys(db.session(), person.id)
            return ask_to_show(self.party, Purpose.SECOND_STEP, self.browser, user_id=person.id, passkeys=passkeys)

    def check(self, answer: dict | str, person: Person | None = None) -> str:
        """Returns the id of whoever the passkey belongs to."""
        purpose, user_id = (Purpose.SECOND_STEP, person.id) if person else (Purpose.SIGN_IN, "")
        with self.app.app_context():
            read = read_answer(_text(answer))
            found = check_passkey(db.session(), self.party, read, purpose, self.browser, user_id=user_id)
            db.session.commit()
            return found

    def passkeys(self, person: Person) -> list[Passkey]:
        with self.app.app_context():
            found = list(list_passkeys(db.session(), person.id))
            db.session.expunge_all()
            return found


def _text(answer: dict | str) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)


@pytest.fixture
def ceremonies(app) -> Ceremonies:
    return Ceremonies(app)


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def given(ceremonies, device) -> Callable[[Person], str]:
    """``given(alice)``: a passkey of hers on the device; its id."""

    def give(person: Person) -> str:
        return ceremonies.add(person, device.make(ceremonies.ask_to_make(person)))

    return give
