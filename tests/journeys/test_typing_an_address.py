"""An e-mail address of any alphabet can be typed wherever one is asked for, in a browser that has its own ideas."""

import pytest

from app.accounts.users import normalize_email
from tests.actors import Browser
from tests.journeys.walk import follow
from tests.mailbox import wait_for_local_letter

PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    "email", ["ünï@example.com", "dora@bücher.example", "用户@例え.example", "O'Dora+notes@example.com"], ids=ascii
)
def test_an_account_of_any_address_is_made_and_used(page, server, email):
    """Chromium holds a field of the type "email" against a rule of ASCII alone, and rewrites what it takes."""
    page.goto(server.url + "/sign-up")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Your name").fill("Dora")
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Create account"))
    letter = wait_for_local_letter(server.app, normalize_email(email))
    elsewhere = Browser(server.app)
    confirmation = elsewhere.get(letter.link("/sign-up/confirm/"))
    assert elsewhere.submit(confirmation, press="Finish and sign in", password=PASSWORD).status_code == 303
    page.goto(server.url + "/sign-in")
    page.get_by_label("E-mail").fill(email.upper().replace("ß", "SS"))
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Sign in"))
    page.get_by_role("heading", name="Welcome, Dora").wait_for()
