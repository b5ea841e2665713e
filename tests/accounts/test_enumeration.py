"""Nobody learns from us who has an account. ``make test-fleet`` asks about two hundred addresses of each kind."""

import pytest
from sqlalchemy import select

from app.accounts.models import User
from tests.accounts.enumeration import DOORS, ask_of_many


@pytest.mark.parametrize("door", DOORS)
def test_a_known_and_an_unknown_address_are_the_same_work_and_the_same_answer(app, bob, monkeypatch, door):
    ask_of_many(app, monkeypatch, door, 5, admin=bob)


def test_a_look_at_who_has_an_account_would_be_seen(app, monkeypatch):
    from app.accounts.joining import sign_ups

    plain = sign_ups.put_mail

    def look_first(session, kind, *, to, **facts):
        if session.scalar(select(User.id).where(User.email == to)) is None:
            plain(session, kind, to=to, **facts)

    monkeypatch.setattr(sign_ups, "put_mail", look_first)
    with pytest.raises(AssertionError, match="sign-up"):
        ask_of_many(app, monkeypatch, "sign-up", 2)
