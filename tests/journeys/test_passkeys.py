"""Passkeys in a real browser, with a device that Chromium plays: made, used, lost, copied, and asked for at a wrong address."""

from dataclasses import dataclass, field

import pytest
import requests
from playwright.sync_api import Page, expect

from app.extensions import db
from tests.databases import KeptRows
from tests.journeys.walk import ALICE, BOB, enter, follow, sign_in
from tests.server import Server


@dataclass
class Device:
    """What Chromium's virtual authenticator is told to be."""

    page: Page
    recovery_codes: list[str] = field(default_factory=list)

    def __post_init__(self):
        self._tools = self.page.context.new_cdp_session(self.page)
        self._tools.send("WebAuthn.enable")
        told = {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True}
        told |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
        self.id = self._tools.send("WebAuthn.addVirtualAuthenticator", {"options": told})["authenticatorId"]

    def credentials(self) -> list[dict]:
        return self._tools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def take(self, credential: dict) -> None:
        """Hold a passkey that was made elsewhere, or an older state of one."""
        told = {"authenticatorId": self.id, "credentialId": credential["credentialId"]}
        if any(one["credentialId"] == credential["credentialId"] for one in self.credentials()):
            self._tools.send("WebAuthn.removeCredential", told)
        self._tools.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def lose(self) -> None:
        self._tools.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})

    def verifies(self, is_verified: bool) -> None:
        self._tools.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": is_verified})


@pytest.fixture
def home(server) -> str:
    """The address at which a server of this machine alone has its passkeys."""
    return server.url.replace("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Made:
    """What was there once the pages had made a passkey."""

    credential: dict
    recovery_codes: list[str]
    rows: KeptRows


@pytest.fixture(scope="module")
def made() -> list[Made]:
    """The passkey that all these tests begin with, once it is made."""
    return []


@pytest.fixture
def device(page, server, home, demonstration, made) -> Device:
    """A device of this browser with a passkey that Alice has made on it. Nobody is signed in."""
    device = Device(page)
    if not made:
        made.append(make_passkey(device, server, home))
    else:
        with server.app.app_context():
            made[0].rows.put_back()
        device.take(made[0].credential)
    device.recovery_codes = made[0].recovery_codes
    return device


def make_passkey(device: Device, server: Server, home: str) -> Made:
    page = device.page
    enter(page, server, ALICE, at=home)
    page.goto(f"{home}/account/settings/sign-in/passkeys/new")
    page.get_by_label("Name of the passkey").fill("My telephone")
    follow(page.get_by_role("button", name="Make the passkey"))
    recovery_codes = page.locator(".recovery-codes code").all_inner_texts()
    follow(page.get_by_role("link", name="I have them"))
    expect(page.get_by_role("link", name="My telephone")).to_be_visible()
    sign_out(page)
    (credential,) = device.credentials()
    with server.app.app_context():
        return Made(credential, recovery_codes, KeptRows(db.engine, db.metadata))


#: Chromium's device picks what is offered in the first field at once. Where the button is to be pressed, there is no offer.
_WITHOUT_OFFER = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


@pytest.fixture
def at_sign_in(page, home, device) -> Page:
    """The sign-in page, with a passkey on the device and nobody signed in."""
    page.add_init_script(_WITHOUT_OFFER)
    page.goto(f"{home}/sign-in?next=/account/sessions/")
    return page


def sign_out(page: Page) -> None:
    follow(page.get_by_role("button", name="Sign out", exact=True))


def test_a_passkey_is_offered_in_the_first_field_and_signs_in_without_a_password(page, home, device):
    page.goto(f"{home}/sign-in?next=/account/sessions/")
    page.wait_for_url(f"{home}/account/sessions/")
    assert device.credentials()[0]["signCount"] == 2


def test_the_button_does_the_same_and_a_copied_passkey_is_refused(at_sign_in, home, device):
    page, (before,) = at_sign_in, device.credentials()
    follow(page.get_by_role("button", name="Sign in with a passkey"))
    expect(page).to_have_url(f"{home}/account/sessions/")
    # Another device with the same passkey, as it was when it was copied.
    device.take(before)
    sign_out(page)
    page.goto(f"{home}/sign-in?next=/account/sessions/")
    follow(page.get_by_role("button", name="Sign in with a passkey"))
    expect(page.get_by_role("alert")).to_contain_text("its counter went back")


def test_a_second_click_does_not_ask_anew_while_the_browser_asks(at_sign_in):
    """It would be refused, and the page would say that it did not work while the browser still asks."""
    page = at_sign_in
    page.evaluate("() => { navigator.credentials.get = () => (document.title += '?', new Promise(() => {})) }")
    button = page.get_by_role("button", name="Sign in with a passkey")
    button.click()
    button.click()
    assert page.title().count("?") == 1
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_device_that_cannot_check_who_it_is_signs_nobody_in(at_sign_in, device):
    page = at_sign_in
    device.verifies(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was chosen, or it took too long.")


def test_a_passkey_is_the_second_step_and_a_lost_one_is_replaced_by_a_recovery_code(
    at_sign_in, home, device, demonstration
):
    page = at_sign_in
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    expect(page.get_by_role("heading", level=1)).to_have_text("The second step")
    follow(page.get_by_role("button", name="Use a passkey"))
    expect(page).to_have_url(f"{home}/account/sessions/")

    sign_out(page)
    device.lose()
    page.goto(f"{home}/sign-in?next=/account/settings/sign-in/")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was chosen")
    follow(page.get_by_role("link", name="Use a recovery code"))
    page.get_by_label("Code").fill(device.recovery_codes[0])
    follow(page.get_by_role("button", name="Sign in", exact=True))

    follow(page.get_by_role("link", name="My telephone"))
    follow(page.get_by_role("link", name="Remove this passkey"))
    follow(page.get_by_role("button", name="Remove it"))
    follow(page.get_by_role("link", name="Add a passkey"))
    page.get_by_label("Name of the passkey").fill("My new telephone")
    follow(page.get_by_role("button", name="Make the passkey"))
    follow(page.get_by_role("link", name="I have them"))
    expect(page.get_by_role("link", name="My new telephone")).to_be_visible()


def test_a_passkey_that_another_page_asked_for_is_refused(at_sign_in, device, callback):
    """A page of somebody else at the same host hands on our challenge, and gets an answer; it names where it was given."""
    page = at_sign_in
    other = page.context.new_page()
    other.goto(callback.url.replace("127.0.0.1", "localhost"))
    elsewhere = Device(other)
    elsewhere.take(device.credentials()[0])
    asked = page.locator("form[data-passkey]").get_attribute("data-passkey")
    answer = other.evaluate(_ASK, [asked, device.credentials()[0]["credentialId"]])
    assert callback.url.replace("127.0.0.1", "localhost").startswith(answer["origin"])
    page.bring_to_front()
    with page.expect_navigation():
        page.evaluate(_SEND, answer["credential"])
    expect(page.get_by_role("alert")).to_contain_text("That passkey could not be checked.")


def test_the_passkey_of_somebody_else_is_no_second_step(at_sign_in, home, device, demonstration):
    page, (of_alice,) = at_sign_in, device.credentials()
    page.goto(f"{home}/sign-in?next=/account/settings/sign-in/passkeys/new")
    sign_in(page, BOB, demonstration.passwords[BOB])
    follow(page.get_by_role("button", name="Make the passkey"))
    sign_out(page)
    page.goto(f"{home}/sign-in")
    sign_in(page, BOB, demonstration.passwords[BOB])
    answer = page.evaluate(
        _ASK, [page.locator("form[data-passkey]").get_attribute("data-passkey"), of_alice["credentialId"]]
    )
    with page.expect_navigation():
        page.evaluate(_SEND, answer["credential"])
    expect(page.get_by_role("alert")).to_contain_text("That passkey belongs to another account.")


def test_a_request_that_was_overheard_signs_nobody_in(at_sign_in, home, device):
    """All of it, with the cookie that it came with."""
    page = at_sign_in
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    with page.expect_request(lambda one: "/sign-in/passkey?" in one.url) as sent:
        follow(page.get_by_role("button", name="Sign in with a passkey"))
    expect(page).to_have_url(f"{home}/account/sessions/")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": home}
    again = requests.post(
        sent.value.url, sent.value.post_data, cookies=cookies, headers=headers, allow_redirects=False, timeout=10
    )
    assert (again.status_code, again.headers["Location"]) == (303, "/sign-in?next=/account/sessions/")


_ASK = """async ([options, id]) => {
  const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const asked = JSON.parse(options);
  const shown = await navigator.credentials.get({ publicKey: { ...asked, challenge: decode(asked.challenge), allowCredentials: [{ type: "public-key", id: decode(id) }] } });
  const origin = JSON.parse(new TextDecoder().decode(shown.response.clientDataJSON)).origin;
  return { origin, credential: JSON.stringify(shown.toJSON()) };
}"""
_SEND = """credential => {
  const form = document.querySelector("form[data-passkey]");
  form.elements.credential.value = credential;
  form.submit();
}"""


def test_by_its_number_the_server_says_where_passkeys_are(page, server, home, demonstration):
    page.goto(f"{server.url}/sign-in?next=/account/settings/sign-in/passkeys/new")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    expect(page.get_by_role("alert")).to_contain_text(f"Open {home}/account/settings/sign-in/passkeys/new instead.")
    expect(page.get_by_role("button", name="Make the passkey")).to_be_hidden()
    page.goto(f"{server.url}/account/settings/sign-in/")
    follow(page.get_by_role("link", name=home))
    expect(page).to_have_url(f"{home}/sign-in?next=/account/settings/sign-in/")


def test_without_javascript_a_page_says_that_passkeys_need_it(open_page, home, demonstration):
    page = open_page(java_script_enabled=False)
    page.goto(f"{home}/sign-in?next=/account/settings/sign-in/passkeys/new")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
