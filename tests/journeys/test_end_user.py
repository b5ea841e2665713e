"""The end user's promise: understand who asks, choose, change one's mind."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from app.extensions import db
from app.oauth.authorization_request import AuthorizationRequest
from tests.integrator import s256
from tests.journeys.walk import ALICE, authorize, choose, enter, follow, have_allowed, sign_in
from tests.mailbox import wait_for_local_letter


@pytest.fixture
def allowed(server, demonstration):
    """``allowed(app_name)``: Alice lets this app look through her recipes, since an earlier visit."""
    return lambda name: have_allowed(server, demonstration.clients[name].client_id, "memories:read", "Recipes")


@pytest.fixture
def link(server, demonstration, callback):
    """The link by which an app sends its users to us."""

    def make(app_name: str, state: str = "xyz", scope: str = "memories:read") -> str:
        client_id = demonstration.clients[app_name].client_id
        return (
            f"{server.url}/oauth/authorize?response_type=code&client_id={client_id}&redirect_uri={callback.url}"
            f"&state={state}&scope={scope}&code_challenge={s256('v' * 43)}&code_challenge_method=S256"
        )

    return make


def test_first_consent_says_who_asks_for_what_and_where_to_undo_it(demonstration, callback, page, link, server):
    page.goto(link("Acme Notebook"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])

    picker = page.locator("main")
    for what in ("Acme Notebook", "Acme", callback.url.split("/")[2], "read and search the memories you choose"):
        assert what in picker.inner_text()
    assert not page.get_by_role("radio", name="Everything").is_checked()
    # What Chromium counts all of anew for each that comes, as list items and quotations, would keep it busy for ten
    # seconds where there are two thousand mementos.
    rows = page.locator(".mementos li").evaluate_all("all => all.map((one) => getComputedStyle(one).display)")
    assert set(rows) == {"block"} and page.locator(".mementos q").count() == 0
    assert picker.get_by_role("listitem").filter(has_text="Trip to Lisbon").count() == 1
    choose(page, "Recipes", "Trip to Lisbon")

    summary = page.locator("main").inner_text()
    for what in ("Acme Notebook", "Alice", ALICE, "Recipes", "Trip to Lisbon", "read and search", "Until you end it"):
        assert what in summary, (what, summary)
    authorize(page)
    assert "code" in callback.answer()

    page.goto(server.url + "/account/")
    assert "Recipes" in page.locator("main").inner_text()


def test_a_second_click_on_authorize_sends_nothing(page, link, server, allowed):
    """What the first one brings would be lost: the browser shows the answer to the last form that it sent."""
    allowed("Acme Notebook")
    enter(page, server, ALICE)
    page.goto(link("Acme Notebook") + "&prompt=consent")
    # After all others, and so that the page stays.
    page.evaluate(
        "addEventListener('submit', event => { (window.taken ??= []).push(!event.defaultPrevented); event.preventDefault(); })"
    )
    button = page.get_by_role("button", name="Authorize")
    button.dblclick()
    assert page.evaluate("taken") == [True, False]
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    button.click()
    assert page.evaluate("taken") == [True, False, True]


def test_second_visit_passes_without_a_screen_and_after_disconnecting_asks_again(callback, page, link, server, allowed):
    allowed("Acme Notebook")
    enter(page, server, ALICE)
    page.goto(link("Acme Notebook", state="second"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    assert callback.answer()["state"] == "second"

    page.goto(server.url + "/account/")
    follow(page.get_by_role("link", name="End Acme Notebook"))
    follow(page.get_by_role("button", name="End Acme Notebook"))
    page.goto(link("Acme Notebook", state="third"))
    assert "/oauth/authorize/mementos" in page.url


def test_second_visit_of_a_public_app_shows_the_consent_filled_in(callback, page, link, server, allowed):
    allowed("Acme Pocket")
    enter(page, server, ALICE)
    page.goto(link("Acme Pocket", state="second"))
    assert "/oauth/authorize/consent" in page.url
    assert "Recipes" in page.locator("main").inner_text()
    authorize(page)
    assert callback.answer()["state"] == "second"


def test_signing_in_again_with_a_live_consent_leads_straight_back_to_the_app(
    demonstration, callback, page, link, allowed
):
    allowed("Acme Notebook")
    # The redirect that follows the sign-in leaves our origin: the browser must allow that.
    page.goto(link("Acme Notebook", state="again"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    page.get_by_role("heading", name="Back at the app").wait_for()
    assert callback.answer()["state"] == "again"


def test_cancel_tells_the_app_and_shares_nothing(demonstration, callback, page, link, server):
    enter(page, server, ALICE)
    page.goto(link("Acme Notebook"))
    choose(page, "Recipes")
    follow(page.get_by_role("button", name="Cancel"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    answer = callback.answer()
    assert answer["error"] == "access_denied"
    assert answer["state"] == "xyz"
    page.goto(server.url + "/account/")
    assert "No app is connected" in page.locator("main").inner_text()


def test_a_new_person_signs_up_makes_a_choice_and_comes_back(server, callback, page, link):
    page.goto(link("Acme Pocket", state="new"))
    follow(page.get_by_role("link", name="Create an account"))
    page.get_by_label("Your name").fill("Dana Drew")
    page.get_by_label("E-mail").fill("dana@example.com")
    page.get_by_label("Password").fill("a long enough secret")
    follow(page.get_by_role("button", name="Create account"))
    page.goto(server.url + wait_for_local_letter(server.app, "dana@example.com").link("/sign-up/confirm/"))
    follow(page.get_by_role("button", name="Finish and sign in"))
    page.get_by_role("radio", name="Nothing yet").check()
    page.get_by_role("button", name="Continue").last.click()
    authorize(page)
    assert callback.answer()["state"] == "new"


def test_two_tabs_with_two_apps_each_get_their_own_answer(demonstration, callback, page, link):
    other = page.context.new_page()
    page.goto(link("Acme Notebook", state="one"))
    other.goto(link("Acme Pocket", state="two"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    other.reload()
    if "/sign-in" in other.url:
        sign_in(other, ALICE, demonstration.passwords[ALICE])
    choose(page, "Recipes")
    choose(other, "Health")
    authorize(other)
    assert callback.answer()["state"] == "two"
    authorize(page)
    assert callback.answer()["state"] == "one"


def test_a_memento_can_be_made_right_there(demonstration, callback, page, link, server):
    enter(page, server, ALICE)
    page.goto(link("Acme Notebook"))
    page.locator("summary", has_text="memento").click()
    page.get_by_label("Name", exact=False).last.fill("Only for the notebook")
    page.locator("input[name=new_integration_ids]").first.check()
    follow(page.get_by_role("button", name="Make this memento"))
    assert page.get_by_role("checkbox", name="Only for the notebook").is_checked()
    choose(page)
    assert "Only for the notebook" in page.locator("main").inner_text()


def test_who_is_long_in_signing_in_is_told_before_the_app_waits_no_more(page, link, server):
    page.clock.install()
    page.goto(link("Acme Notebook"))
    told = page.locator(".ends")
    page.clock.run_for(470_000)
    expect(told).to_be_hidden()
    page.clock.run_for(20_000)
    expect(told).to_contain_text("Acme Notebook waits for two more minutes.")
    page.clock.run_for(120_000)
    expect(told).to_contain_text("Acme Notebook waits no more. You can sign in all the same")


def test_who_takes_long_keeps_the_request_and_whoever_takes_too_long_their_ticks(page, link, server, demonstration):
    enter(page, server, ALICE)
    page.clock.install()
    page.goto(link("Acme Notebook"))
    with page.expect_response("**/oauth/authorize/wait*") as waited:
        page.clock.run_for(210_000)
    assert waited.value.status == 204
    told = page.locator(".waits")
    expect(told).to_be_hidden()
    page.get_by_role("checkbox", name="Recipes").check()
    page.clock.run_for(3_300_000)
    expect(told).to_contain_text("ends in two minutes")
    # A laptop's window at twice the size, in which the footer is at the end of the page otherwise.
    page.set_viewport_size({"width": 640, "height": 450})
    page.evaluate("scrollTo(0, 0)")
    expect(told).to_be_in_viewport(ratio=1)

    with server.app.app_context():
        db.session.execute(update(AuthorizationRequest).values(expires_at=AuthorizationRequest.issued_at))
        db.session.commit()
    page.clock.run_for(210_000)
    expect(told).to_contain_text("has expired. Nothing was shared.")
    expect(told).to_contain_text("What you ticked is kept")
    page.goto(link("Acme Notebook"))
    assert page.get_by_role("checkbox", name="Recipes").is_checked()
    assert "is ticked again" in page.locator("main").inner_text()
