"""Names without a space, as long as they may be, on narrow screens: a page stays as wide as the window, and a word a word."""

from sqlalchemy import update

from app.accounts.models import Organization, User
from app.clients.models import Client
from app.extensions import db
from app.memories.models import Integration, Memento
from tests.journeys.walk import ALICE, BOB, enter, follow, have_allowed

_LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
#: How many pixels the page is wider than the window, and words of which fewer than five letters stand beside each other.
_READ = r"""() => {
  const page = document.documentElement, torn = [];
  for (const one of document.querySelectorAll("main :is(a, button, small, td, th)")) {
    const text = one.firstChild;
    if (text?.nodeType !== Node.TEXT_NODE || !/\S{6}/.test(text.data) || one.closest("thead, .visually-hidden")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const lines = [...range.getClientRects()];
    const letter = parseFloat(getComputedStyle(one).fontSize) / 2;
    if (lines.length > 2 && Math.max(...lines.map((line) => line.width)) < 5 * letter) torn.push(text.data.trim());
  }
  return [page.scrollWidth - page.clientWidth, torn];
}"""


def test_long_names_widen_no_page_and_squeeze_no_other(page, server, demonstration, callback):
    notebook = demonstration.clients["Acme Notebook"].client_id
    have_allowed(server, notebook, "memories:read memories:write", "Recipes")
    with server.app.app_context():
        for model in (User, Organization, Integration):
            db.session.execute(update(model).values(name=_LONG))
        db.session.execute(update(Memento).values(name=_LONG[:60] + Memento.id))
        db.session.execute(update(Client).where(Client.client_id == notebook).values(name=_LONG))
        db.session.commit()
    wrong = []

    def look(path: str, *widths: int) -> None:
        page.goto(server.url + path)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            too_wide, torn = page.evaluate(_READ)
            if too_wide > 0 or torn:
                wrong.append(f"{path} at {width}: {too_wide} pixels too wide, torn: {torn}")

    enter(page, server, ALICE)
    for path in ("/account/", "/account/apps/", "/account/mementos/", "/account/memories/", "/account/history/"):
        look(path, 320)
    for path, kind in (("/account/mementos/", "mem"), ("/account/memories/", "mry")):
        page.goto(server.url + path)
        look(page.locator(f"main a[href^='{path}{kind}_']").first.get_attribute("href"), 320, 641)
    page.goto(server.url + "/account/apps/")
    follow(page.get_by_role("link", name=f"End \u2068{_LONG}"))
    look(page.url.removeprefix(server.url), 320)
    consent = (
        f"/oauth/authorize?response_type=code&client_id={notebook}&redirect_uri={callback.url}&state=x&prompt=consent"
        "&scope=memories:read"
    )
    look(consent, 320, 641)
    # Letters of twice the size, as a browser's settings make them.
    tab = page.context.new_cdp_session(page)
    tab.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    for path in ("/account/", "/account/activity/", consent):
        look(path, 1280, 320)
        # What stands between the text and the edges of a narrow screen does not grow with the letters.
        rooms = page.locator("main .contents").evaluate_all("all => all.map((one) => one.clientWidth).filter(Boolean)")
        if any(room < 200 for room in rooms):
            wrong.append(f"{path}: of 320 pixels there are {min(rooms)} for text")
    tab.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    enter(page, server, BOB)
    for path in ("", "members", "audit", notebook, notebook + "/settings", notebook + "/people"):
        look("/org/oauth/" + path, 320, 640, 800)
    assert not wrong, "\n".join(["", *wrong])
