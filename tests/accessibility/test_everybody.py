"""The screens of a decision, the little app, the guide and errors, as axe-core sees them: in light and dark, wide and on a screen of 320 pixels."""

import re

from app.guide.contents import PAGES
from tests.journeys.walk import ALICE, BOB, enter, follow, sign_in


def test_the_screens_of_the_decision(look, page, demonstration, link):
    page.goto(link())
    look("sign-in on the way")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("choose")
    page.locator("summary").click()
    look("choose, making a memento")
    page.get_by_label("What a search finds now").fill("lisbon")
    follow(page.get_by_role("button", name="Search"))
    look("choose, making a memento out of a search")
    follow(page.get_by_role("button", name="Continue").last)
    look("choose, nothing chosen")
    page.get_by_role("checkbox", name="Recipes").check()
    look("choose, one ticked")
    page.get_by_role("checkbox", name="It may also change").first.check()
    page.get_by_role("button", name="Preview what it will see").click()
    page.get_by_text("1 memento").wait_for()
    look("choose, with a preview")
    follow(page.get_by_role("button", name="Continue").last)
    look("consent")
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    page.goto(link() + "&prompt=consent")
    look("consent, once more")
    page.goto(link() + "&prompt=select_account")
    look("which account")
    page.goto(link("Acme Pocket", "memories:read"))
    page.get_by_role("radio", name="Everything").check()
    follow(page.get_by_role("button", name="Continue").last)
    look("consent, everything to a public app")


def test_the_little_app_and_the_way_to_it(look, page, server, demonstration):
    look("Acme Pocket", server.url + "/demonstration/")
    follow(page.get_by_role("button", name="Connect your memories"))
    look("sign-in on the way to it")
    follow(page.get_by_role("link", name="Create an account"))
    look("sign-up on the way to it")
    follow(page.get_by_role("button", name="Cancel"))
    look("cancelled before the sign-in")
    follow(page.get_by_role("link", name="Go back to the app"))
    look("Acme Pocket, cancelled")
    follow(page.get_by_role("button", name="Connect your memories"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    page.get_by_role("radio", name="Everything").check()
    follow(page.get_by_role("button", name="Continue").last)
    follow(page.get_by_role("button", name="Authorize"))
    look("Acme Pocket, connected")
    page.get_by_label("Title").fill("Bread")
    page.get_by_label("Text").fill("Ask for rye.")
    follow(page.get_by_role("button", name="Keep it in"))
    look("Acme Pocket, a note kept")
    follow(page.get_by_role("link", name="Now change what it sees"))
    follow(page.get_by_role("button", name="Pause"))
    follow(page.get_by_role("link", name="Go to Acme Pocket"))
    look("Acme Pocket, paused")


def test_the_guide(look, page, server, demonstration):
    look("guide, signed out", server.url + "/guide/?type=public&language=javascript")
    enter(page, server, BOB)
    look("guide", server.url + "/guide/")
    for name in (each.title for each in PAGES[1:]):
        follow(page.get_by_role("navigation", name="Guide").get_by_role("link", name=name))
        look(f"guide, {name}")
    page.locator("summary").first.click()
    look("guide, an example folded away")


def test_errors(look, page, server, link, alice):
    look("404", server.url + "/account/mementos/mem_unknown/")
    look("405", server.url + "/account/sessions/end-others")
    look("unknown app", re.sub("client_id=[^&]*", "client_id=unknown", link()))
    look("expired request", server.url + "/oauth/authorize/consent?request=unknown")
    page.goto(server.url + "/account/")
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(field => field.value = 'old')")
    follow(page.get_by_role("button", name="Sign out"))
    look("too old a page")
    page.goto(server.url + "/account/memories/new")
    page.get_by_label("Text").fill("Rye flour")
    page.context.clear_cookies()
    follow(page.get_by_role("button", name="Keep the note"))
    look("a note of somebody who was signed out")
