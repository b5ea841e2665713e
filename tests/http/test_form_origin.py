"""Which forms are ours: held against the issuer, never against what a proxy writes as ``Host``."""

import re
from urllib.parse import urlsplit

import pytest
from msgspec import structs

from app import create_app
from app.http.form_origin import is_from_us
from tests.actors import Browser, find_form
from tests.tables import each

HTTPS, HTTP = "https://id.example.com", "http://127.0.0.1:8000"
#: What nginx and Apache, left to themselves, make of Host; and what a stranger does.
FOREIGN_HOST = "upstream.internal:9999"
REFUSED = "That form came from another address"


# -- the rule --------------------------------------------------------------------------------------


@each(
    ("origin", "referer"),
    [
        (HTTPS, HTTPS + "/sign-in?next=%2F"),
        (HTTPS, None),
        (HTTPS, ""),
        (None, HTTPS + "/sign-in"),
        (None, HTTPS),
        (None, HTTPS + "?a"),
        ("https://id.example.com:443", None),
        (None, "https://ID.example.com/"),
    ],
)
def test_one_that_names_the_issuer_is_enough(origin, referer):
    assert is_from_us(origin, referer, HTTPS)


@each(
    "wrong",
    [
        "https://evil.example",
        "http://id.example.com",
        "https://id.example.com:8443",
        "https://id.example.com.evil.example",
        "https://evil.example#https://id.example.com",
        "https://user@id.example.com",
        "https://id.example.com@evil.example",
        "https://id.example.com, https://evil.example",
        "https://id.example.com https://evil.example",
        "https://[::1",
        "https://id.example.com:port",
        "https://id.example.com:99999",
        "null",
        "https://",
        "id.example.com",
        "\xff",
        "https://localhost",
        "https://127.0.0.1",
    ],
)
def test_a_wrong_one_of_either_is_refused(wrong):
    """Also ``null``, which a page sends that has no origin, such as a stranger's sandboxed frame."""
    assert not is_from_us(wrong, None, HTTPS)
    assert not is_from_us(None, wrong, HTTPS)
    assert not is_from_us(wrong, HTTPS + "/sign-in", HTTPS)
    assert not is_from_us(HTTPS, wrong, HTTPS)


def test_an_origin_with_a_path_is_none():
    assert not is_from_us(HTTPS + "/", None, HTTPS)


def test_without_either_https_is_refused_and_this_machine_is_left_to_the_token():
    assert not is_from_us(None, None, HTTPS)
    assert is_from_us(None, None, HTTP)


_LOOPBACK = ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://app.localhost:8000"]


@each("issuer", _LOOPBACK[:3])
@pytest.mark.parametrize("origin", _LOOPBACK)
def test_on_this_machine_all_its_names_are_one(issuer, origin):
    assert is_from_us(origin, origin + "/sign-in", issuer)


@each(
    "origin",
    ["http://localhost:8001", "https://localhost:8000", "http://localhost", "http://localhost.evil.example:8000",
     "http://evillocalhost:8000", "http://192.168.0.7:8000", "http://[::2]:8000", "null"],
)  # fmt: skip
def test_but_with_the_issuers_port_and_scheme_alone(origin):
    assert not is_from_us(origin, None, HTTP)
    assert not is_from_us(None, origin, HTTP)


# -- every form ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def https_app(settings, app):
    """The same people and apps, at an https issuer."""
    house = create_app(structs.replace(settings, issuer=HTTPS, smtp_url="smtp://127.0.0.1:1"))
    house.testing = True
    house.extensions["services"].notes.have_threads = False
    return house


@pytest.fixture(params=[None, FOREIGN_HOST], ids=["its own Host", "a replaced Host"])
def visitor(request, https_app) -> Browser:
    return Browser(https_app, host=request.param)


def test_behind_a_proxy_that_replaces_host_every_form_works(visitor, alice, notebook):
    """nginx and Apache do that by default, and each form once said "open for too long"."""
    signed_up = visitor.sign_up("dora@home.example", "the password of D.D.", organization_name="Dorn")
    assert signed_up.status_code == 303, signed_up.text
    assert visitor.sign_out().status_code == 303
    # From the link of an app, through sign-in, picker and consent, and back.
    picker = notebook.start(visitor)
    picker = visitor.follow(visitor.submit(picker, email=alice.email, password=alice.password))
    consent = visitor.follow(visitor.submit(picker, press="Continue", selection="all"))
    back = visitor.submit(consent, press="Authorize")
    assert back.location.startswith(f"{notebook.redirect_uri}?code="), back.text


def post(browser: Browser, path: str, form, **headers):
    return browser.client.post(
        path, base_url=browser._base_url, data=dict(form.values), headers=headers, environ_overrides=browser._environ
    )


def test_a_form_of_ours_is_taken_with_an_origin_alone(visitor):
    """Extensions and privacy settings take the Referer away."""
    form = find_form(visitor.get("/sign-in"))
    assert "Enter" in post(visitor, "/sign-in", form, Origin=HTTPS).text
    assert REFUSED not in post(visitor, "/sign-in", form, Referer=f"{HTTPS}/sign-in").text


@each(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "https://evil.example/"},
        {"Origin": "https://evil.example", "Referer": f"{HTTPS}/sign-in"},
        {"Origin": HTTPS, "Referer": "https://evil.example/"},
        {"Origin": f"http://{FOREIGN_HOST}"},
        {"Origin": f"https://{FOREIGN_HOST}"},
        {},
    ],
    ids=str,
)
def test_a_form_of_somebody_else_is_refused_and_told_what_is_true(visitor, sent):
    """Also one that names what the proxy wrote as Host."""
    response = post(visitor, "/sign-in", find_form(visitor.get("/sign-in")), **sent)
    assert response.status_code == 400
    assert REFUSED in response.text and HTTPS in response.text
    assert "open for too long" not in response.text


def _page_rules(app):
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]*:)?[^>]*>", "1", rule.rule)
        if rule.door.checks_forms:
            yield rule, path


def test_no_view_takes_a_form_from_elsewhere(https_app):
    """Each that takes a POST, so that a new one cannot be forgotten."""
    posts = [path for rule, path in _page_rules(https_app) if "POST" in rule.methods]
    assert len(posts) > 30
    for path in posts:
        client = https_app.test_client()
        refused = client.post(path, base_url=HTTPS, headers={"Origin": "https://evil.example"})
        assert (refused.status_code, REFUSED in refused.text) == (400, True), path
        assert REFUSED not in client.post(path, base_url=HTTPS, headers={"Origin": HTTPS}).text, path


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://[::1]:8000"])
def test_who_opens_the_issuer_by_another_name_of_this_machine_signs_in_there(app, alice, origin):
    """``http://localhost:8000``, where the issuer is ``http://127.0.0.1:8000``."""
    client = app.test_client()
    page = client.get("/sign-in", base_url=origin)
    fields = dict(find_form(page).values) | {"email": alice.email, "password": alice.password}
    sent = {"Origin": origin, "Referer": f"{origin}/sign-in"}
    answer = client.post("/sign-in", base_url=origin, data=fields, headers=sent)
    assert (answer.status_code, answer.location) == (303, "/")


# -- nothing is made of Host -----------------------------------------------------------------------

_EVIL = "evil.example"
_FORGED = {
    "HTTP_HOST": _EVIL,
    "HTTP_X_FORWARDED_HOST": _EVIL,
    "HTTP_X_FORWARDED_SERVER": _EVIL,
    "HTTP_FORWARDED": f"host={_EVIL};proto=https",
    "HTTP_X_ORIGINAL_HOST": _EVIL,
    "HTTP_X_FORWARDED_PREFIX": f"//{_EVIL}",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_PORT": "9999",
}


def test_no_answer_is_made_of_the_host_that_was_sent(settings, app, alice, notebook):
    """A redirect that were would lead nowhere behind such a proxy, or in a circle; a link, to a stranger's."""
    house = create_app(structs.replace(settings, trusted_proxies=2))
    browser = Browser(house, host=_EVIL)
    browser._environ |= _FORGED
    browser.enter(alice)
    stranger, person = house.test_client(), browser.client
    page = notebook.start(browser)
    assert page.request.path == "/oauth/authorize/mementos"
    asked = 0
    for rule in house.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]*:)?client_id>", notebook.client_id, rule.rule)
        path = re.sub(r"<[^>]*>", "1", path)
        for method in sorted(rule.methods & {"GET", "POST"}):
            # In both spellings.
            targets = [path.rstrip("/") or "/", f"{path}/"]
            if "/authorize" in path:
                # Also with the handle of a request that waits, which is looked at there alone.
                targets.append(f"{path}?{page.request.query_string.decode()}")
            for target in targets:
                for client in (stranger, person):
                    answer = client.open(target, method=method, base_url=HTTP, environ_overrides=_FORGED)
                    told = str(answer.headers).encode() + answer.data
                    assert _EVIL.encode() not in told, (method, target, told)
                    location = answer.headers.get("Location", "/")
                    assert location.startswith("/") and not location.startswith("//"), (method, target, location)
                    assert "Secure" not in str(answer.headers.getlist("Set-Cookie"))
                    assert "Strict-Transport-Security" not in answer.headers
                    asked += 1
    assert asked > 400


def test_what_is_named_in_full_is_the_issuers(app, notebook):
    house = Browser(app, host=_EVIL)
    metadata = house.get("/.well-known/oauth-authorization-server").json
    assert {urlsplit(metadata[name]).netloc for name in metadata if name.endswith("_endpoint")} == {"127.0.0.1:8000"}
    assert _EVIL not in house.get("/guide/five-steps").text


# -- what is said of a form that is not taken ------------------------------------------------------


def test_who_has_switched_cookies_off_is_not_said_to_have_been_slow(app):
    client = app.test_client(use_cookies=False)
    page = client.post("/sign-in", data=dict(find_form(client.get("/sign-in")).values))
    assert page.status_code == 400
    assert "your browser takes no cookies" in page.text


def test_who_was_slow_is(browser):
    page = browser.get("/sign-in")
    with browser.client.session_transaction(base_url=HTTP) as kept:
        kept["csrf_token"] = "another"
    answer = browser.submit(page, email="a@b.example", password="x")
    assert answer.status_code == 400
    assert "open for too long" in answer.text and "cookies" not in answer.text
