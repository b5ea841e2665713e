"""``form-action``: absent from the pages whose form may be answered by the way back to an app, ``'self'`` elsewhere."""

from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from tests.actors import Browser, find_form, find_forms

HOSTILE = '"><form action="https://evil.example"><input name="password">'


@pytest.fixture
def picker(notebook, signed_in):
    return notebook.start(signed_in)


@pytest.fixture
def consent_page(picker, signed_in):
    return signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))


def form_action(page) -> str | None:
    """The directive of a page, which must be a page."""
    assert page.mimetype == "text/html", page.headers
    policy = page.headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    # What stays, on every page.
    assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert page.headers["X-Frame-Options"] == "DENY"
    return directives.get("form-action")


def sign_up_link(page) -> str:
    return next(path for path in page.text.split('"') if path.startswith("/sign-up")).replace("&amp;", "&")


# -- the pages of a waiting request ----------------------------------------------------------------


def test_the_screens_of_a_waiting_request_say_nothing_of_where_forms_may_lead(picker, consent_page):
    """Chromium holds it against every redirect of the app's callback too, and nobody here can know those."""
    assert form_action(picker) is None
    assert form_action(consent_page) is None


def test_nor_do_they_when_they_are_shown_again_with_an_error(make_memento, notebook, signed_in):
    make_memento("Recipes")
    picker = notebook.start(signed_in)
    again = signed_in.submit(picker, press="Continue", selection="selected")
    assert again.status_code == 422
    assert form_action(again) is None
    unnamed = signed_in.submit(picker, new_name=" ", new_integration_ids=[], press="Make this memento")
    assert (unnamed.status_code, form_action(unnamed)) == (422, None)


def test_nor_does_a_consent_page_on_which_nothing_is_left_ticked(register, signed_in):
    client = register(scopes=["memories:read"], optional_scopes=["memories:read"])
    page = client.start(signed_in, scope="memories:read")
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    again = signed_in.submit(page, press="Authorize", scopes=[])
    assert again.status_code == 422
    assert form_action(again) is None


def test_nor_do_sign_in_and_sign_up_on_the_way(notebook, browser):
    """With a live consent the answer to the sign-in is the way back to the app."""
    sign_in = notebook.start(browser)
    assert sign_in.request.path == "/sign-in"
    assert form_action(sign_in) is None
    assert form_action(browser.get(sign_up_link(sign_in))) is None


def test_nor_do_they_after_a_wrong_password_or_too_many(notebook, browser, alice):
    page = notebook.start(browser)
    for _ in range(20):
        page = browser.submit(page, email=alice.email, password="wrong")
        assert form_action(page) is None
        if page.status_code == 429:
            break
    assert page.status_code == 429


def test_nor_do_the_pages_after_a_sign_up(notebook, browser):
    page = browser.get(sign_up_link(notebook.start(browser)))
    again = browser.submit(page, email="dora@home.example", name="", password="another long password")
    assert (again.status_code, form_action(again)) == (400, None)
    page = browser.follow(browser.submit(again, name="Dora", password="another long password"))
    assert form_action(page) is None
    assert form_action(browser.get(browser.find_letter("dora@home.example").link("/sign-up/confirm/"))) is None


def test_nor_does_the_sign_in_once_more_of_somebody_who_is_signed_in(notebook, signed_in):
    page = notebook.start(signed_in, prompt="login")
    assert page.request.path == "/sign-in"
    assert form_action(page) is None


def test_nor_does_the_choice_of_the_account(notebook, signed_in):
    page = notebook.start(signed_in, prompt="select_account")
    assert page.request.path == "/oauth/authorize/account"
    assert form_action(page) is None


def test_nor_do_they_when_a_form_was_unclear(picker, consent_page, signed_in):
    for page in (picker, consent_page):
        data = MultiDict([*find_form(page, press="Cancel").values, ("action", "cancel"), ("action", "authorize")])
        again = signed_in.client.post(page.request.full_path, base_url="http://127.0.0.1:8000", data=data)
        assert (again.status_code, form_action(again)) == (422, None)


def test_nor_does_the_sign_in_of_whoever_switches_the_account(consent_page, signed_in):
    page = signed_in.follow(signed_in.submit(consent_page, action="/oauth/authorize/switch"))
    assert page.request.path == "/sign-in"
    assert form_action(page) is None


def test_the_decision_is_a_plain_redirect(consent_page, signed_in, notebook):
    """No page that forwards by script or by ``meta``: a browser without either goes the same way."""
    answer = signed_in.submit(consent_page, press="Authorize")
    assert answer.status_code == 303
    assert answer.location.startswith(f"{notebook.redirect_uri}?code=")
    assert answer.data == b""


# -- every other page ------------------------------------------------------------------------------


def test_an_arbitrary_next_does_not_loosen_the_sign_in(notebook, browser):
    """Else whoever writes a link would choose the policy of the page that asks for the password."""
    sign_in = notebook.start(browser)
    waiting = sign_in.request.args["next"]
    assert form_action(sign_in) is None
    handle = waiting.split("request=")[1]
    for target in (
        "/",
        "/account/",
        f"/account/?request={handle}",
        f"/oauth/authorize?request={handle}",
        f"//evil.example/oauth/authorize/continue?request={handle}",
        f"https://evil.example/oauth/authorize/continue?request={handle}",
        "/oauth/authorize/continue",
        "/oauth/authorize/continue?request=",
        "/oauth/authorize/continue?request=rlq_ar_made-up",
        "/oauth/authorize/continue?request=%00%ff",
        f"{waiting}&request=rlq_ar_made-up",
        notebook.authorize_url(),
    ):
        for path in ("/sign-in", "/sign-up"):
            assert form_action(browser.get(f"{path}?{urlencode({'next': target})}")) == "'self'", (path, target)


def test_nor_does_a_request_of_another_browser(app, notebook, browser):
    notebook.start(browser)
    sign_in = notebook.start(Browser(app))
    assert form_action(browser.get(sign_in.request.full_path)) == "'self'"


def test_nor_does_one_that_is_answered_or_over(notebook, browser, alice, let_time_pass):
    sign_in = notebook.start(browser)
    again = f"/sign-in?{urlencode({'next': sign_in.request.args['next'], 'again': '1'})}"
    page = browser.follow(browser.submit(sign_in, email=alice.email, password=alice.password))
    assert form_action(browser.get(again)) is None
    browser.submit(page, press="Cancel")
    assert form_action(browser.get(again)) == "'self'"
    other = notebook.start(Browser(browser.client.application))
    let_time_pass(seconds=601)
    assert form_action(browser.get(other.request.full_path)) == "'self'"


def test_no_other_page_is_loosened_while_a_request_waits(picker, consent_page, signed_in):
    for path in ("/", "/account/", "/account/mementos", "/account/mementos/new", "/guide/", "/nothing-here"):
        page = signed_in.follow(signed_in.get(path))
        assert form_action(page) == "'self'", path


def test_no_page_that_explains_why_there_is_no_request_is_loosened(consent_page, picker, signed_in):
    signed_in.submit(consent_page, press="Authorize")
    answered = signed_in.get(consent_page.request.full_path)
    assert (answered.status_code, form_action(answered)) == (410, "'self'")
    stale = signed_in.client.post(picker.request.full_path, base_url="http://127.0.0.1:8000")
    assert (stale.status_code, form_action(stale)) == (400, "'self'")


# -- nobody's address is kept ----------------------------------------------------------------------


def test_many_links_of_an_app_make_no_header_longer(register, signed_in):
    """Eight long addresses once stood in the headers of every page: more than nginx takes."""
    uris = [f"https://{'a' * 60}.{'b' * 60}.{number}.example/callback" for number in range(12)]
    client = register(uris[0], redirect_uris=uris)
    before = len(str(signed_in.get("/account/").headers))
    for uri in uris:
        client.start(signed_in, redirect_uri=uri)
    after = signed_in.get("/account/")
    assert len(str(after.headers)) <= before + 20
    with signed_in.client.session_transaction() as kept:
        assert not any("example" in str(value) for value in kept.values()), dict(kept)


# -- what the pages are without it -----------------------------------------------------------------


def test_every_form_on_them_leads_to_a_path_of_ours(notebook, browser, alice):
    sign_in = notebook.start(browser)
    sign_up = browser.get(sign_up_link(sign_in))
    picker = browser.follow(browser.submit(sign_in, email=alice.email, password=alice.password))
    consent = browser.follow(browser.submit(picker, press="Continue", selection="all"))
    for page in (sign_in, sign_up, picker, consent):
        assert form_action(page) is None
        assert "formaction" not in page.text and "<base" not in page.text
        forms = find_forms(page.text)
        assert forms
        for form in forms:
            there = urlsplit(urljoin(page.request.url, form.action))
            assert f"{there.scheme}://{there.netloc}" == "http://127.0.0.1:8000", form


def test_what_people_and_apps_have_named_is_no_markup_on_them(register, browser, alice, make_memento, change_client):
    """Without ``form-action`` this is what keeps a stranger's form out of the page."""
    make_memento(HOSTILE)
    client = register(name="An App")
    change_client(client, name=HOSTILE, description=HOSTILE, homepage_url=HOSTILE)
    sign_in = client.start(browser)
    picker = browser.follow(browser.submit(sign_in, email=alice.email, password=alice.password))
    consent = browser.follow(browser.submit(picker, press="Continue", selection="all"))
    refused = browser.submit(sign_in, email=HOSTILE, password="wrong")
    for page in (sign_in, picker, consent, refused):
        assert '<form action="https://evil' not in page.text
