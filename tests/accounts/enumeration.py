"""What a stranger could learn by asking about addresses, at each door that takes one: what is answered, and what is done.

The clock is not asked: two answers that are made by the same statements, the same runs of argon2 and the same rows take
the same time, on any machine.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from msgspec import structs
from sqlalchemy import func, insert, select

from app import clock
from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.credentials import new_id
from app.extensions import db
from tests.actors import Browser
from tests.org.conftest import signed_in
from tests.robustness.statements.failing import watched

#: What is new in each page, whoever asks: tokens of forms, and what a passkey would sign.
_RANDOM = re.compile(r'(?:value|data-passkey)="[^"]*"')


@dataclass
class Work:
    """Stands where statements and passwords go by, and writes down that they did."""

    is_sqlite: bool
    done: list[str] = field(default_factory=list)

    def meet(self, statement: str) -> None:
        self.done.append(" ".join(statement.split()))


def ask_of_many(app, monkeypatch, door: str, many: int, *, admin=None) -> None:
    """Ask a door about ``many`` addresses with an account, and as many without. Raises ``AssertionError`` where they differ."""
    known, unknown = _make_people(app, many)
    work = Work(app.extensions["services"].settings.database_url.startswith("sqlite"))
    for name in ("hash", "verify"):
        monkeypatch.setattr(PasswordHasher, name, _noted(work, name, getattr(PasswordHasher, name)))
    ask = _DOORS[door](app, monkeypatch, admin)
    # What is made once in a process, such as a template, is made before.
    for number, email in enumerate(("known@warm.example", "other@warm.example")):
        ask(email, number)
    with watched(work, monkeypatch):
        seen = [_ask_all(app, work, ask, emails, 10 + many * part) for part, emails in enumerate((known, unknown))]
    (of_known, rows_of_known), (of_unknown, rows_of_unknown) = seen
    assert len(of_known) == len(of_unknown) == 1, f"{door} differs from one address to another of the same kind."
    [one], [other] = of_known, of_unknown
    assert len(one[-1]) > 2, f"Nothing that {door} does was seen."
    for of_one, of_other in zip(one, other, strict=True):
        assert of_one == of_other, door
    assert rows_of_known == rows_of_unknown, door


def _ask_all(app, work: Work, ask: Callable, emails: list[str], first: int):
    """Every different trace that the addresses left, and how many rows each table got."""
    before, traces = _count_rows(app), set()
    for number, email in enumerate(emails, first):
        work.done.clear()
        answers = ask(email, number)
        done = tuple(work.done)
        told = tuple(
            (answer.status_code, answer.location, _RANDOM.sub("", answer.text.replace(email, "EMAIL")))
            for answer in answers
        )
        headers = tuple(tuple(sorted(set(answer.headers.keys()))) for answer in answers)
        traces.add((told, headers, done))
    after = _count_rows(app)
    return traces, {name: after[name] - before[name] for name in after}


def _make_people(app, many: int) -> tuple[list[str], list[str]]:
    known, unknown = ([f"{word}{number:03}@home.example" for number in range(many)] for word in ("known", "other"))
    with app.app_context(), db.engine.begin() as connection:
        hashed = hash_password("the password of all of them")
        people = [
            {
                "id": new_id("usr"),
                "email": email,
                "name": "Somebody",
                "password_hash": hashed,
                "email_verified_at": clock.now(),
            }
            for email in [*known, "known@warm.example"]
        ]
        connection.execute(insert(User), people)
    return known, unknown


def _count_rows(app) -> dict[str, int]:
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in db.metadata.sorted_tables
        }


def _noted(work: Work, name: str, plain: Callable) -> Callable:
    def noted(self, *arguments, **named):
        work.meet(f"argon2 {name}")
        return plain(self, *arguments, **named)

    return noted


def _send(page, browser: Browser, number: int, **fields):
    """Send the form of the page from an address of its own, so that no limit is reached."""
    browser._environ["REMOTE_ADDR"] = f"10.{number // 250}.{number % 250}.1"
    return browser.submit(page, **fields)


def _sign_in(app, _monkeypatch, _admin):
    browser = Browser(app)
    page = browser.get("/sign-in")
    return lambda email, number: [_send(page, browser, number, email=email, password="a wrong password")]


def _sign_up(app, _monkeypatch, _admin):
    browser = Browser(app)
    page = browser.get("/sign-up")

    def ask(email, number):
        sent = _send(page, browser, number, email=email, name="Eve", password="a password of Eve's own")
        return [sent, browser.follow_once(sent)]

    return ask


def _send_letter_again(app, _monkeypatch, _admin):
    browser = Browser(app)
    form = browser.get("/sign-up")

    def ask(email, number):
        page = browser.follow(_send(form, browser, number, email=email, name="Eve", password="a password of Eve's own"))
        again = browser.submit(page, press="Send the letter again")
        return [again, browser.follow_once(again)]

    return ask


def _forget(app, _monkeypatch, _admin):
    browser = Browser(app)
    page = browser.get("/forgotten-password")

    def ask(email, number):
        sent = _send(page, browser, number, email=email)
        return [sent, browser.follow_once(sent)]

    return ask


def _invite(app, monkeypatch, admin):
    browser = signed_in(app, admin)
    from app.org.inviting import views

    monkeypatch.setattr(views, "INVITATION_LETTERS", structs.replace(views.INVITATION_LETTERS, most=10_000))

    def ask(email, number):
        # A form acts once.
        page = browser.get("/org/oauth/members?")
        fields = {"letter-email": email, "letter-role": "member"}
        return [_send(page, browser, number, press="Send the invitation", **fields)]

    return ask


_DOORS = {
    "sign-in": _sign_in,
    "sign-up": _sign_up,
    "the letter again": _send_letter_again,
    "forgotten password": _forget,
    "invitation": _invite,
}
DOORS = tuple(_DOORS)
