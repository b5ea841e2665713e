"""The pages of signing in and up, as axe-core sees them: in light and dark, wide and on a screen of 320 pixels."""

import time

from playwright.sync_api import expect
from sqlalchemy import update

from app.accounts.resetting.links import make_reset_link
from app.accounts.users import find_user_by_email
from app.clients.models import ClientSecret
from app.extensions import db
from app.mail.outbox import put_mail
from tests.accessibility.test_person import link_in_letter
from tests.factors import Phone
from tests.journeys.test_passkeys import Device
from tests.journeys.walk import ALICE, BOB, follow, have_allowed, sign_in
from tests.mailbox import wait_for_local_letter

_CAROL = "carol@example.com"


def test_signing_in_and_up(look, page, server, demonstration):
    for path in ("/", "/sign-in", "/sign-up"):
        look(path, server.url + path)
    page.goto(server.url + "/sign-in")
    sign_in(page, "nobody@example.com", "wrong password")
    assert page.title().startswith("Error: ")
    # By its markup alone, before any script; from there a link leads to each field.
    expect(page.locator("#errors")).to_be_focused()
    look("sign-in, wrong")
    page.goto(server.url + "/sign-up")
    page.get_by_label("E-mail").fill("dana@example.com")
    page.get_by_label("Your name").fill("Dana")
    page.get_by_label("Password").fill("a long enough secret")
    follow(page.get_by_role("button", name="Create account"))
    look("sign-up, look into your mailbox")
    path = wait_for_local_letter(server.app, "dana@example.com").link("/sign-up/confirm/")
    look("sign-up, an account of one's own by the letter", f"{server.url}{path}/own")
    look("sign-up, confirm", server.url + path)
    follow(page.get_by_role("button", name="Finish and sign in"))
    look("/, signed in")
    assert page.get_by_role("button", name="Sign out").is_visible()
    for path in (
        "/account/",
        "/account/memories/",
        "/account/mementos/",
        "/account/mementos/new",
        "/account/apps/",
        "/account/activity/",
        "/account/activity/undo/",
        "/apps/",
        "/org/oauth/",
    ):
        look(f"{path}, with nothing yet", server.url + path)


def test_letters_of_a_server_for_this_machine(look, page, server, demonstration):
    look("no letter", server.url + "/demonstration/mail/")
    with server.app.app_context():
        put_mail(db.session, "trial", to=ALICE)
        db.session.commit()
    page.goto(server.url + "/demonstration/mail/")
    deadline = time.monotonic() + 30
    while not page.get_by_role("link", name="Letters from").count():
        assert time.monotonic() < deadline, server.log
        time.sleep(0.1)
        page.reload()
    look("letters")
    follow(page.get_by_role("link", name="Letters from"))
    look("a letter")
    follow(page.get_by_role("link", name="As mail programs show it"))
    look("a letter as HTML")


def test_a_forgotten_password_and_the_secrets_of_who_left(look, page, server, demonstration):
    have_allowed(server, demonstration.clients["Acme Notebook"].client_id, "memories:read")
    look("forgotten password", server.url + "/forgotten-password")
    page.get_by_label("E-mail").fill(ALICE)
    follow(page.get_by_role("button", name="Send me a link"))
    look("forgotten password, asked")
    with server.app.app_context():
        path = make_reset_link(db.session, find_user_by_email(ALICE), by_mail=True)
        secrets = update(ClientSecret).values(created_by_user_id="usr_who_is_gone")
        db.session.execute(secrets)
        db.session.commit()
    look("choose a new password", server.url + path)
    page.get_by_label("New password").fill("password123")
    follow(page.get_by_role("button", name="Save the new password"))
    look("choose a new password, refused")
    page.get_by_label("New password").fill("seven herons by the lock")
    follow(page.get_by_role("button", name="Save the new password"))
    page.get_by_role("heading", name="Are these apps yours?").wait_for()
    look("look back")
    look("reset link, over", server.url + path)
    page.goto(server.url + "/sign-in?again=1")
    sign_in(page, BOB, demonstration.passwords[BOB])
    look("members, secrets of who left", server.url + "/org/oauth/members")
    page.get_by_role("heading", name="Secrets that somebody who left has seen").wait_for()


def test_passkeys(look, page, server, demonstration):
    """Where they are on this machine, with the device that Chromium plays."""
    root = server.url.replace("127.0.0.1", "localhost")
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    device = Device(page)
    look("sign in, with a passkey", root + "/sign-in?next=/account/settings/sign-in/passkeys/new")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("a new passkey")
    follow(page.get_by_role("button", name="Make the passkey"))
    follow(page.get_by_role("link", name="I have them"))
    look("passkeys")
    page.goto(root + "/account/settings/sign-in/passkeys/new")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("a passkey of yours already")
    look("a new passkey, made before")
    page.goto(root + "/account/settings/sign-in/")
    follow(page.get_by_role("link", name="Chrome on Linux"))
    look("a passkey")
    follow(page.get_by_role("link", name="Remove this passkey"))
    look("a passkey, remove?")
    follow(page.get_by_role("button", name="Sign out", exact=True))
    page.goto(root + "/sign-in")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("the second step, with a passkey")
    device.lose()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was chosen")
    look("the second step, without the passkey")


def test_two_steps(look, page, server, demonstration):
    """An authenticator app, recovery codes, and an organization that demands them."""
    root = server.url + "/account/settings/sign-in/"
    page.goto(server.url + "/sign-in?next=/account/settings/sign-in/")
    sign_in(page, _CAROL, demonstration.passwords[_CAROL])
    look("two steps, none yet")
    look("demand a second step, without one", server.url + "/org/oauth/organization/second-factor")
    page.goto(root)
    follow(page.get_by_role("button", name="Set up an authenticator app"))
    look("set up an authenticator app")
    key = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("The code it shows").fill("000000")
    follow(page.get_by_role("button", name="Turn it on"))
    look("set up an authenticator app, wrong code")
    page.get_by_label("The code it shows").fill(Phone(key, []).code())
    follow(page.get_by_role("button", name="Turn it on"))
    look("recovery codes")
    look("two steps", root)
    look("make recovery codes?", root + "recovery-codes")
    look("turn off the app?", root + "app/remove")
    look("demand a second step?", server.url + "/org/oauth/organization/second-factor")
    follow(page.get_by_role("button", name="Sign out", exact=True))
    page.goto(server.url + "/sign-in")
    sign_in(page, _CAROL, demonstration.passwords[_CAROL])
    look("the second step")
    page.get_by_label("Code").fill("000000")
    follow(page.get_by_role("button", name="Sign in", exact=True))
    look("the second step, wrong code")
    follow(page.get_by_role("link", name="Use a recovery code"))
    look("the second step, recovery code")
    back = link_in_letter(server.app, "first_step")
    look("take back the account?", server.url + back)
