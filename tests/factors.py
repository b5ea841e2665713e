"""An authenticator app on somebody's phone, for tests: set up in the database, and asked for its codes."""

from dataclasses import dataclass

import pyotp
from flask import Flask
from sqlalchemy import insert

from app import clock
from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.recovery import make_recovery_codes
from app.accounts.factors.sealing import seal
from app.extensions import db
from tests.actors import Person


@dataclass(frozen=True)
class Phone:
    """What the app holds, and the recovery codes that were printed with it."""

    secret: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        """The code it shows now, or so many steps of 30 seconds later."""
        return pyotp.HOTP(self.secret).at(int(clock.now().timestamp()) // 30 + steps)


def set_up_phone(app: Flask, person: Person) -> Phone:
    """Let a person have one, as the pages leave it."""
    secret = pyotp.random_base32()
    with app.app_context():
        key = app.extensions["services"].settings.secret_key
        row = {"user_id": person.id, "sealed": seal(secret, person.id, key), "confirmed_at": clock.now()}
        db.session.execute(insert(OneTimeCodes).values(row))
        codes = make_recovery_codes(db.session(), person.id)
        db.session.commit()
    return Phone(secret, codes)
