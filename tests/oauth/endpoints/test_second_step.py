"""What ``prompt=login`` and ``select_account`` ask of who has a second factor: all of the sign-in, not a part of it."""

import pytest

from tests.factors import Phone, set_up_phone
from tests.oauth.endpoints.test_authorization import step


@pytest.fixture
def phone(app, alice) -> Phone:
    return set_up_phone(app, alice)


def test_prompt_login_asks_for_the_second_step_too(notebook, signed_in, alice, phone, let_time_pass):
    page = notebook.start(signed_in, prompt="login")
    let_time_pass(seconds=1)
    page = signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))
    assert step(page) == "/sign-in/second"
    page = signed_in.follow(signed_in.submit(page, code=phone.code()))
    assert step(page) == "/oauth/authorize/mementos"


def test_prompt_login_is_not_done_by_the_password_alone(notebook, signed_in, alice, phone, let_time_pass):
    """Also for who is signed in all the while, and goes straight to a later step."""
    kept = signed_in.get(notebook.authorize_url(prompt="login"))
    handle = kept.location.split("request=")[1]
    let_time_pass(seconds=1)
    page = signed_in.follow(kept)
    assert (
        step(signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))) == "/sign-in/second"
    )
    for later in ("mementos", "consent"):
        assert step(signed_in.follow(signed_in.get(f"/oauth/authorize/{later}?request={handle}"))) == "/sign-in"


def test_who_is_signed_in_chooses_the_account_without_it(notebook, signed_in, phone):
    """``select_account`` asks which account, not for a proof of it."""
    page = notebook.start(signed_in, prompt="select_account")
    assert step(page) == "/oauth/authorize/account"
