"""The guide's pages: anybody may read them, and whoever has an app sees it filled in; nobody sees another's."""

import re
import shlex

import pytest

from app.accounts.organizations import find_organization
from app.clients.life import suspend_client
from app.clients.models import CONFIDENTIAL, PUBLIC, Client
from app.clients.registration import register_client
from app.config import settings
from app.extensions import db
from app.guide.contents import PAGES
from app.guide.scopes import ADVICE
from app.guide.snippets import SNIPPETS
from app.scopes import PROFILE, SCOPES
from tests.actors import Browser, find_form
from tests.guide.conftest import PATHS, GuidePage, read_guide
from tests.tables import each


@pytest.fixture
def member(app, alice) -> Browser:
    """The browser of Alice, a member of Acme who may not write."""
    return _signed_in(app, alice)


@pytest.fixture
def admin(app, bob) -> Browser:
    return _signed_in(app, bob)


@pytest.fixture
def stranger(app, carol) -> Browser:
    """The browser of Carol, who belongs to another organization, which has no app."""
    return _signed_in(app, carol)


def _signed_in(app, person) -> Browser:
    browser = Browser(app)
    browser.enter(person)
    return browser


# -- what the pages hold -------------------------------------------------------------------------


@pytest.mark.parametrize("type", [CONFIDENTIAL, PUBLIC])
def test_anybody_may_read_every_page(browser, type):
    guide = read_guide(browser.get, type=type)
    assert guide.in_language("shell")["setup"].count("YOUR_CLIENT_ID") == 1
    for contents, page in zip(PAGES, guide.pages, strict=True):
        anchors = [anchor for anchor, _ in contents.sections]
        assert [one for one in page.ids if one in anchors] == anchors
        assert {f"#{anchor}" for anchor in anchors} <= set(page.links)
        assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("type", [CONFIDENTIAL, PUBLIC])
def test_the_pages_show_every_example_that_there_is_and_no_other_code(browser, type):
    guide = read_guide(browser.get, type=type)
    expected = {(name, language) for name, types in SNIPPETS.items() for language in types.get(type, ())}
    assert guide.snippets.keys() == expected
    assert [page.others for page in guide.pages] == [0] * len(PAGES)


def test_every_link_of_the_guide_leads_somewhere(admin, notebook):
    guide = read_guide(admin.get, client_id=notebook.client_id)
    links = {link for page in guide.pages for link in page.links if link.startswith("/")}
    assert len(links) > 10
    for link in links:
        page = admin.follow(admin.get(link))
        assert page.status_code == 200, link
        anchor = link.partition("#")[2]
        assert not anchor or anchor in GuidePage(page.text).ids, link


def test_every_path_that_the_guide_names_answers(browser):
    paths = [path for page in read_guide(browser.get).pages for path in page.paths]
    assert len(paths) > 5
    for path in paths:
        # 404 is what a path that does not exist would say.
        assert browser.get(path).status_code != 404, path


def test_each_scope_is_shown_with_the_sentence_of_the_consent_screen_and_with_advice(browser):
    assert ADVICE.keys() == SCOPES.keys()
    text = read_guide(browser.get).pages[1].prose
    for name, sentence in SCOPES.items():
        assert name in text and sentence in text and ADVICE[name][0] in text


def test_the_calls_that_a_scope_opens_are_those_of_the_api(browser):
    operations = browser.get("/api/openapi.json").json["paths"]
    for scope in SCOPES:
        opened = {
            (method.upper(), re.sub(r"{\w+}", "{id}", path.removeprefix("/api/v1/")))
            for path, methods in operations.items()
            for method, one in methods.items()
            if one["security"] == [{"oauth": [scope]}]
        }
        if scope == PROFILE:
            assert opened == set()
            continue
        told = set()
        for group in ADVICE[scope][1].split("; "):
            methods, paths = re.fullmatch(r"([A-Z]+(?: and [A-Z]+)*) (.+)", group).groups()
            told |= {(method, path) for method in methods.split(" and ") for path in paths.split(", ")}
        assert told == opened, scope


def test_an_unknown_page_is_a_404(browser):
    assert browser.get("/guide/nothing").status_code == 404


@each("path", PATHS)
@pytest.mark.parametrize("query", ["client_id=%00", "client_id=%FF", "client_id=" + "x" * 5000, "language=x&type=x"])
def test_odd_queries_break_nothing(member, path, query):
    assert member.get(f"{path}?{query}").status_code in (200, 400)


# -- whose app -----------------------------------------------------------------------------------


def test_a_member_sees_their_app_filled_in_without_asking(member, notebook):
    guide = read_guide(member.get)
    setup = guide.in_language("shell")["setup"]
    assert f"CLIENT_ID={notebook.client_id}\n" in setup
    assert f"REDIRECT_URI={notebook.redirect_uri}\n" in setup
    assert f"SCOPE='{' '.join(SCOPES)}'\n" in setup
    assert "YOUR_CLIENT_ID" not in "".join(guide.snippets.values())


def test_the_chooser_offers_ones_own_apps_alone_and_shows_the_chosen(member, stranger, notebook, pocket):
    page = member.get("/guide/tokens")
    offered = find_form(page, names=["client_id"]).choices["client_id"]
    assert offered == [notebook.client_id, pocket.client_id, ""]
    shown = member.submit(page, press="Show", client_id=pocket.client_id, language="python")
    assert f"{pocket.client_id}" in shown.text and "public app" in shown.text
    assert re.search(r'<details class="example" open>\s*<summary>Python', shown.text)
    assert f'href="/guide/errors?client_id={pocket.client_id}&amp;language=python"' in shown.text
    assert notebook.client_id not in stranger.get("/guide/").text


def test_somebody_elses_client_id_is_as_unknown_as_one_that_does_not_exist(stranger, notebook):
    foreign = stranger.get("/guide/", query_string={"client_id": notebook.client_id})
    missing = stranger.get("/guide/", query_string={"client_id": "client_nothing"})
    assert "None of your organizations has an app with that client ID" in foreign.text
    assert "YOUR_CLIENT_ID" in foreign.text and notebook.client_id not in foreign.text
    # The token against forgery has the second in it.
    foreign_text, missing_text = (
        re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", one.text) for one in (foreign, missing)
    )
    assert foreign_text == missing_text


def test_a_signed_out_reader_is_offered_to_sign_in_instead(browser, notebook):
    page = browser.get("/guide/", query_string={"client_id": notebook.client_id}).text
    assert "YOUR_CLIENT_ID" in page and "Acme Notebook" not in page
    assert f"/sign-in?next=/guide/?client_id%3D{notebook.client_id}" in page


def test_no_page_ever_holds_a_secret(admin, notebook):
    for path in PATHS:
        page = admin.get(path, query_string={"client_id": notebook.client_id}).text
        assert notebook.client_secret not in page and notebook.client_secret[-4:] not in page
    assert "CLIENT_SECRET" in admin.get("/guide/", query_string={"client_id": notebook.client_id}).text


def test_only_who_administers_the_app_is_led_to_the_playground(admin, member, notebook):
    playground = f"/org/oauth/{notebook.client_id}/playground"
    assert playground in admin.get("/guide/").text
    assert playground not in member.get("/guide/").text


def test_an_app_that_gets_no_tokens_is_said_to(app, member, notebook):
    with app.app_context():
        suspend_client(db.session(), db.session.get_one(Client, notebook.client_id), actor_user_id=None)
        db.session.commit()
    assert "is suspended: it gets no tokens" in member.get("/guide/").text


@each(
    ("fields", "leads_to"),
    [
        ({"require_pushed": True}, "/guide/apps-and-addresses?client_id={}#pushed-requests"),
        ({"device_flow": True, "redirect_uris": []}, "/guide/devices?client_id={}"),
    ],
)
def test_an_app_for_which_the_address_of_step_1_is_refused_is_said_to(
    member, notebook, change_client, fields, leads_to
):
    change_client(notebook, **fields)
    notice = re.search(r'<p class="notice">(.*?)</p>', member.get("/guide/").text, re.DOTALL)[1]
    assert "the address below is refused" in notice and f'href="{leads_to.format(notebook.client_id)}"' in notice


def test_a_public_app_is_shown_no_secret_and_no_client_credentials(member, pocket):
    guide = read_guide(member.get, client_id=pocket.client_id)
    assert "SECRET" not in "".join(guide.snippets.values())
    assert "Public apps cannot use this" in guide.pages[2].prose


def test_a_redirect_uri_stays_one_word_in_every_language(app, member, bob):
    """It may hold what a shell would obey: $, ;, & and quotes are characters of a URI."""
    uri = "https://planner.acme.example/callback?a='$(touch${IFS}pwned)'&b=;"
    uri = uri.replace("{", "(").replace("}", ")")
    with app.app_context():
        client, _ = register_client(
            db.session(),
            settings(),
            organization=find_organization("acme"),
            name="Acme Planner",
            type=PUBLIC,
            redirect_uris=[uri],
            scopes=["memories:read"],
        )
        db.session.commit()
        client_id = client.client_id
    guide = read_guide(member.get, client_id=client_id)
    line = next(one for one in guide.in_language("shell")["setup"].splitlines() if one.startswith("REDIRECT_URI="))
    assert shlex.split(line) == [f"REDIRECT_URI={uri}"]
    assert f'REDIRECT_URI = "{uri}"' in guide.in_language("python")["setup"]
    assert f'const REDIRECT_URI = "{uri}";' in guide.in_language("javascript")["setup"]


# -- the way there -------------------------------------------------------------------------------


def test_every_page_and_the_dashboard_lead_to_the_guide(browser, admin, notebook):
    assert 'href="/guide/"' in browser.get("/").text
    assert 'href="/guide/"' in admin.get("/org/oauth/").text
    assert f'href="/guide/?client_id={notebook.client_id}"' in admin.get(f"/org/oauth/{notebook.client_id}").text
