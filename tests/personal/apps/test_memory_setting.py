"""The memory setting on the pages: for all apps, and for one."""

from tests.personal.conftest import post


def send(browser, path, *ticks, **values):
    return browser.follow(post(browser, path, dict.fromkeys(ticks, "on") | {"ticks": "shown"} | values))


def ticked(page) -> list[str]:
    return [name for name in ("reads_own", "reads_apps", "adds") if f'name="{name}" checked' in page.text]


def test_what_is_set_for_all_is_shown_and_holds_for_each_app(signed_in, connected):
    assert ticked(signed_in.get("/account/apps/")) == ["reads_own", "reads_apps", "adds"]
    page = send(signed_in, "/account/apps/memory-setting", "reads_own")
    assert "Saved." in page.text
    assert ticked(page) == ["reads_own"]
    page = signed_in.get(connected.path)
    assert ticked(page) == ["reads_own"]
    assert "it does not see what other apps added; it cannot add memories." in " ".join(page.text.split())


def test_one_app_has_something_else_until_it_has_not(signed_in, connected):
    path = f"{connected.path}memory-setting"
    page = send(signed_in, path, "reads_own", "reads_apps", holds="one")
    assert ticked(page) == ["reads_own", "reads_apps"]
    assert ticked(signed_in.get("/account/apps/")) == ["reads_own", "reads_apps", "adds"]
    page = send(signed_in, path, holds="all")
    assert ticked(page) == ["reads_own", "reads_apps", "adds"]


def test_the_consent_screen_says_what_an_app_may_not(signed_in, connected, notebook):
    send(signed_in, f"{connected.path}memory-setting", "reads_own", "reads_apps", holds="one")
    page = signed_in.follow(notebook.start(signed_in, prompt="consent", scope="memories:read memories:write"))
    assert "it cannot add memories." in page.text


def test_who_sends_no_ticks_of_ours_takes_nothing_away(signed_in, connected):
    """Of a form nothing but what is ticked is sent; without the form that would be nothing at all."""
    assert post(signed_in, "/account/apps/memory-setting", {}).status_code == 400
    assert ticked(signed_in.get("/account/apps/")) == ["reads_own", "reads_apps", "adds"]
