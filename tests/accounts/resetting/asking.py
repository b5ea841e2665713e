"""Asking for a new password and setting it, as a person does; and what became of it."""

from flask import Flask
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.accounts.passwords import verify_password
from app.extensions import db
from tests.actors import Browser, Person

NEW = "seven herons by the lock"


def ask(browser: Browser, email: str, next: str = "") -> TestResponse:
    """Ask for a letter; the answer to it."""
    return browser.submit(browser.get("/forgotten-password" + (f"?next={next}" if next else "")), email=email)


def choose(browser: Browser, link: str, password: str = NEW) -> TestResponse:
    """Follow the link and send the form that it leads to."""
    return browser.submit(browser.follow(browser.get(link)), password=password)


def is_over(answer: TestResponse) -> bool:
    """Whether it is the page that says that a link no longer works."""
    return answer.status_code == 410 and "This link no longer works" in answer.text


def has_password(app: Flask, person: Person, password: str) -> bool:
    """Whether this is the person's password by now."""
    with app.app_context():
        return verify_password(db.session.get_one(User, person.id).password_hash, password)
