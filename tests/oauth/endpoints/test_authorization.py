"""The authorize endpoint (:rfc:`6749#section-3.1`): who is answered where, and who is asked."""

import json
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from app import clock
from app.scopes import SCOPES
from tests.stock.rows import row
from tests.tables import each

PATHS = [
    "/oauth/authorize", "/oauth/authorize/", "/api/v1/auth/oauth2/authorize", "/api/v1/auth/oauth2/authorize/",
]  # fmt: skip
MARKUP = "<script>alert(1)</script>"


def step(page) -> str:
    """Which screen of ours the person sees."""
    assert page.status_code == 200, (page.status, page.text)
    return page.request.path


def assert_error_page(response) -> None:
    """Told to the person, and MUST NOT redirect (:rfc:`6749#section-4.1.2.1`)."""
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert "Location" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


# -- the paths -------------------------------------------------------------------------------------


@each("path", PATHS)
def test_both_documented_paths_ask_with_and_without_the_final_slash(notebook, signed_in, path):
    """Never by redirect: what they answer is already the next step."""
    assert signed_in.get(notebook.authorize_url(path)).location.startswith("/oauth/authorize/continue?")
    assert step(notebook.start(signed_in, path)) == "/oauth/authorize/mementos"


@each("path", PATHS)
def test_both_documented_paths_answer_errors_as_pages(notebook, browser, path):
    assert_error_page(browser.get(notebook.authorize_url(path, client_id="unknown")))


# -- who cannot be answered by redirect ------------------------------------------------------------


@row("error page")
@pytest.mark.parametrize("client_id", [None, "", "unknown", MARKUP, pytest.param("a" * 300, id="very long")])
def test_an_unknown_client_gets_a_page_for_people(notebook, browser, client_id):
    """SHOULD inform the resource owner of the error (:rfc:`6749#section-4.1.2.1`)."""
    response = browser.get(notebook.authorize_url(client_id=client_id, state=MARKUP))
    assert_error_page(response)
    assert MARKUP not in response.text


@row("error page")
@pytest.mark.parametrize(
    "redirect_uri",
    [
        pytest.param("https://evil.example/callback", id="another host"),
        pytest.param("https://notebook.acme.example/callback/", id="a final slash"),
        pytest.param("https://notebook.acme.example/callback?", id="an empty query"),
        pytest.param("https://notebook.acme.example/callback#", id="an empty fragment"),
        pytest.param("https://notebook.acme.example/callback/../callback", id="a detour"),
        pytest.param("https://notebook.acme.example:443/callback", id="the default port"),
        pytest.param("HTTPS://notebook.acme.example/callback", id="another case"),
        pytest.param("http://notebook.acme.example/callback", id="another scheme"),
        pytest.param("https://notebook.acme.example.evil.example/callback", id="a longer host"),
        pytest.param("https://x@notebook.acme.example/callback", id="userinfo"),
        pytest.param("https://notebook.acme.example/callback ", id="a space"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("https://evil.example/" + MARKUP, id="markup"),
    ],
)
def test_an_unregistered_redirect_uri_gets_a_page_for_people(notebook, browser, redirect_uri):
    """MUST compare by exact string matching (:rfc:`9700#section-4.1.3`)."""
    response = browser.get(notebook.authorize_url(redirect_uri=redirect_uri))
    assert_error_page(response)
    assert MARKUP not in response.text


@row("error page")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_identity_gets_a_page_for_people(notebook, browser, name):
    """Parameters MUST NOT be included more than once (:rfc:`6749#section-3.1`)."""
    honest = getattr(notebook, name)
    assert_error_page(browser.get(notebook.authorize_url(**{name: [honest, honest]})))


@row("required parameters")
@pytest.mark.parametrize("redirect_uri", [None, ""])
def test_a_missing_redirect_uri_is_not_guessed(notebook, signed_in, redirect_uri):
    assert_error_page(notebook.start(signed_in, redirect_uri=redirect_uri))


@row("hostile values")
@each("tail", ['"', "\\", "\r\nSet-Cookie: a=b", "\n", "ß", "\U0001f511", "%0d%0a", "\x7f"])
def test_a_hostile_redirect_uri_gets_a_page_for_people(notebook, signed_in, tail):
    assert_error_page(notebook.start(signed_in, redirect_uri=notebook.redirect_uri + tail))


def test_a_suspended_client_answers_nowhere(notebook, signed_in, change_client):
    change_client(notebook, suspended_at=clock.now())
    assert_error_page(notebook.start(signed_in))


def test_another_clients_redirect_uri_is_unregistered(notebook, pocket, signed_in):
    assert_error_page(notebook.start(signed_in, redirect_uri=pocket.redirect_uri))


def test_the_port_of_a_loopback_address_may_not_vary(pocket, signed_in):
    assert_error_page(pocket.start(signed_in, redirect_uri="http://127.0.0.1:9999/callback"))


def test_the_port_of_a_native_apps_loopback_address_may_vary(register, signed_in):
    """MUST allow any port to be specified at the time of the request (:rfc:`8252#section-7.3`)."""
    client = register("http://127.0.0.1/callback", type="public", native_app=True)
    client.redirect_uri = "http://127.0.0.1:51234/callback"
    tokens = client.tokens(signed_in)
    assert client.is_alive(tokens["access_token"])


# -- what is answered by redirect ------------------------------------------------------------------

REFUSALS = [
    pytest.param({"response_type": None}, "invalid_request", id="response_type missing"),
    pytest.param({"response_type": "token"}, "unsupported_response_type", id="implicit"),
    pytest.param({"response_type": "code token"}, "unsupported_response_type", id="hybrid"),
    pytest.param({"response_type": "code "}, "unsupported_response_type", id="response_type with a space"),
    pytest.param({"scope": "memories:read unknown"}, "invalid_scope", id="scope unknown"),
    pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="PKCE plain"),
    pytest.param({"prompt": "none"}, "invalid_request", id="prompt none"),
    pytest.param({"prompt": "login unknown"}, "invalid_request", id="prompt unknown"),
    pytest.param({"resource": "https://other.example/"}, "invalid_target", id="another resource"),
    pytest.param({"authorization_details": "["}, "invalid_authorization_details", id="details no JSON"),
    pytest.param(
        {"authorization_details": '[{"type":"memento","identifier":"mem_1"}]'},
        "invalid_authorization_details",
        id="details naming a memento",
    ),
    pytest.param({"response_type": ["code", "code"]}, "invalid_request", id="response_type twice"),
    pytest.param({"scope": ["memories:read", "memories:read"]}, "invalid_request", id="scope twice"),
    pytest.param({"code_challenge": ["a" * 43, "a" * 43]}, "invalid_request", id="code_challenge twice"),
    pytest.param({"unknown": ["a", "b"]}, "invalid_request", id="an unknown parameter twice"),
    pytest.param({"scope": "a" * 5000}, "invalid_request", id="scope too long"),
]


@each(("change", "error"), REFUSALS)
def test_a_refusal_goes_back_with_its_reason_its_state_and_who_says_so(notebook, signed_in, change, error):
    """``state`` is REQUIRED if it was present (:rfc:`6749#section-4.1.2.1`), ``iss`` always (:rfc:`9207#section-2`)."""
    response = notebook.start(signed_in, **change)
    answer = notebook.answer(response)
    assert (response.status_code, answer["error"], answer["state"]) == (302, error, notebook.state)
    assert answer.keys() == {"error", "error_description", "error_uri", "state", "iss"}
    assert all(0x20 <= ord(letter) <= 0x7E and letter not in '"\\' for letter in answer["error_description"])


@each(("change", "error"), REFUSALS)
def test_nobody_is_redirected_to_an_app_before_they_have_signed_in(notebook, browser, alice, change, error):
    """Else anybody could be bounced to any registered address (:rfc:`9700#section-4.11.2`)."""
    page = notebook.start(browser, **change)
    assert page.request.path == "/sign-in"
    answer = notebook.answer(browser.follow(browser.submit(page, email=alice.email, password=alice.password)))
    assert (answer["error"], answer["state"]) == (error, notebook.state)


@row("required parameters")
@pytest.mark.parametrize("state", [None, ""])
def test_a_missing_state_is_refused(notebook, signed_in, state):
    """Without PKCE it alone binds the answer to whoever asked (:rfc:`9700#section-2.1`)."""
    answer = notebook.answer(notebook.start(signed_in, state=state, code_challenge=None, code_challenge_method=None))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


def test_a_state_that_was_sent_twice_is_not_sent_back(notebook, signed_in):
    answer = notebook.answer(notebook.start(signed_in, state=["one", "two"]))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


@row("required parameters")
@each("response_type", [None, "", "token", "code token", "id_token", "none"])
def test_there_is_no_response_type_but_code(notebook, signed_in, response_type):
    """Implicit and hybrid grants do not exist."""
    answer = notebook.answer(notebook.start(signed_in, response_type=response_type))
    assert answer["error"] in ("invalid_request", "unsupported_response_type")


@row("hostile values")
@each("response_type", ['code"', "code\\", "code\r\nSet-Cookie: a=b", "ß", "\U0001f511", MARKUP])
def test_a_hostile_response_type_is_refused_and_not_repeated(notebook, signed_in, response_type):
    answer = notebook.answer(notebook.start(signed_in, response_type=response_type))
    assert answer["error"] in ("invalid_request", "unsupported_response_type")
    description = answer["error_description"]
    assert response_type not in description
    assert all(0x20 <= ord(letter) <= 0x7E and letter not in '"\\' for letter in description)


@row("unknown scope")
@each("scope", ["unknown", "memories:read unknown", "memories:", "MEMORIES:READ", "memories:read,x"])
def test_an_unknown_scope_is_refused(notebook, signed_in, scope):
    """``invalid_scope`` (:rfc:`6749#section-4.1.2.1`)."""
    assert notebook.answer(notebook.start(signed_in, scope=scope))["error"] == "invalid_scope"


def test_a_scope_that_the_client_did_not_register_is_refused(register, signed_in):
    client = register(scopes=["memories:read"])
    assert client.answer(client.start(signed_in, scope="memories:write"))["error"] == "invalid_scope"


# -- how a redirect looks --------------------------------------------------------------------------


@row("redirects")
def test_an_error_redirect_names_the_issuer(notebook, signed_in):
    """MUST indicate its identity in error responses too (:rfc:`9207#section-2`)."""
    response = notebook.start(signed_in, code_challenge_method="S512")
    assert "iss=http%3A%2F%2F127.0.0.1%3A8000" in response.location


@row("redirects")
def test_an_error_redirect_is_not_stored(notebook, signed_in):
    response = notebook.start(signed_in, code_challenge_method="S512")
    assert response.headers.get("Cache-Control") == "no-store"


@pytest.fixture
def allowed(notebook, signed_in):
    """The redirect that carries a code, after a POST."""
    page = notebook.start(signed_in)
    if "/mementos" in page.request.path:
        page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    return signed_in.submit(page, press="Authorize")


@row("redirects")
def test_a_redirect_with_a_code_names_the_issuer(allowed):
    assert "code=" in allowed.location
    assert "iss=http%3A%2F%2F127.0.0.1%3A8000" in allowed.location


@row("redirects")
def test_a_code_is_not_stored_on_its_way(allowed):
    assert allowed.headers.get("Cache-Control") == "no-store"


@row("redirects")
def test_after_a_post_the_redirect_is_a_303(allowed):
    """So that no browser posts the form to the app (:rfc:`9700#section-4.12`)."""
    assert allowed.status_code == 303


STATES = [
    "xyz", "a b", " both ends ", "a+b", "100%", "%20", "a%2Bb", "a&b=c", "#?/;:@", '"<>\\', "ü€\U0001f511",
    "line\nbreak", "\r\n\t", "\u2028\u200b", "~-._", pytest.param("a" * 4096, id="very long"),
]  # fmt: skip


@each("state", STATES)
def test_state_comes_back_byte_for_byte_with_an_error(notebook, signed_in, state):
    """The exact value received from the client (:rfc:`6749#section-4.1.2.1`)."""
    response = notebook.start(signed_in, scope="unknown", state=state)
    assert sent_back(response.location) == state.encode()
    assert notebook.answer(response)["state"] == state


@each("state", STATES)
def test_state_comes_back_byte_for_byte_with_a_code_after_all_the_screens(notebook, browser, alice, state):
    """The exact value received from the client (:rfc:`6749#section-4.1.2`)."""
    page = notebook.start(browser, state=state)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    response = browser.submit(page, press="Authorize")
    assert sent_back(response.location) == state.encode()
    assert notebook.answer(response)["state"] == state


def sent_back(location: str) -> bytes:
    """The bytes of ``state``, read as a form (``+`` would be a space)."""
    raw = dict(pair.split("=", 1) for pair in urlsplit(location).query.split("&"))["state"]
    return unquote_to_bytes(raw.replace("+", " "))


@each("query", ["tenant=a", "tenant=a%20b&x=&y", "next=%2Fhome%3Fa%3Db", "a=1&a=2", "q=%c3%bc", ""], ids=repr)
def test_the_query_of_a_redirect_uri_is_kept_as_it_is(register, signed_in, query):
    """The query component MUST be retained (:rfc:`6749#section-3.1.2`)."""
    client = register(f"https://app.acme.example/callback?{query}")
    page = signed_in.follow(signed_in.submit(client.start(signed_in), press="Continue", selection="all"))
    allowed = signed_in.submit(page, press="Authorize").location
    refused = client.start(signed_in, scope="unknown").location
    assert allowed.startswith(f"{client.redirect_uri}&code=rlq_ac_")
    assert refused.startswith(f"{client.redirect_uri}&error=invalid_scope&")


@pytest.mark.parametrize(
    "redirect_uri", ["com.example.app:/callback", "com.example.app://callback", "http://[::1]:8400/"]
)
def test_an_app_on_a_device_is_answered_at_its_own_address(register, signed_in, redirect_uri):
    """Private-use schemes and loopback (:rfc:`8252#section-7`)."""
    client = register(redirect_uri, type="public")
    assert client.exchange(client.code(signed_in)).status_code == 200


# -- scope -----------------------------------------------------------------------------------------


@each("scope", [None, "", "offline_access", " "])
def test_without_a_scope_the_clients_own_are_asked_for(register, signed_in, scope):
    client = register(scopes=["integrations:read", "memories:read"])
    # Told back where it was asked for, and part of nothing that is kept.
    told_back = " offline_access" if scope == "offline_access" else ""
    assert client.tokens(signed_in, scope=scope)["scope"] == f"memories:read integrations:read{told_back}"


@each("scope", ["offline_access memories:read", "memories:read memories:read", " memories:read ", "memories:read  "])
def test_scope_is_a_set_and_offline_access_is_no_part_of_it(pocket, signed_in, scope):
    tokens = pocket.tokens(signed_in, scope=scope)
    assert tokens["scope"].removesuffix(" offline_access") == "memories:read"
    assert ("offline_access" in tokens["scope"]) == ("offline_access" in scope)
    assert tokens["refresh_token"]


@each("resource", ["", "/api/", "/api/v1/"])
def test_our_own_api_may_be_named_as_the_resource(notebook, signed_in, resource):
    assert notebook.tokens(signed_in, resource="http://127.0.0.1:8000" + resource)["access_token"]


def test_a_byte_order_mark_before_authorization_details_changes_nothing(notebook, signed_in):
    """Whoever reads JSON may look past it (:rfc:`8259#section-8.1`)."""
    details = "\ufeff" + json.dumps([{"type": "memento", "actions": ["read"]}])
    assert notebook.tokens(signed_in, authorization_details=details)["authorization_details"][0]["identifier"] == "all"


def test_the_memento_type_may_be_asked_for_in_authorization_details(notebook, signed_in):
    """:rfc:`9396#section-3`; which mementos it gets is for the person to pick."""
    details = [{"type": "memento", "actions": ["read"], "locations": ["http://127.0.0.1:8000/api/v1/"]}]
    tokens = notebook.tokens(signed_in, authorization_details=json.dumps(details))
    assert tokens["authorization_details"][0]["identifier"] == "all"


# -- who is asked ----------------------------------------------------------------------------------


def test_a_confidential_client_with_a_live_consent_passes_without_a_screen(notebook, signed_in):
    notebook.authorize(signed_in)
    response = signed_in.get(notebook.authorize_url())
    assert response.status_code == 302
    assert "code" in notebook.answer(response)


def test_it_passes_with_less_than_was_allowed(notebook, signed_in):
    notebook.authorize(signed_in)
    answer = notebook.answer(signed_in.get(notebook.authorize_url(scope="integrations:read")))
    assert notebook.exchange(answer["code"]).json["scope"] == "integrations:read"


def test_it_is_asked_again_for_one_scope_more(notebook, signed_in):
    notebook.authorize(signed_in)
    page = notebook.start(signed_in, scope="memories:read integrations:read memories:write")
    assert step(page) == "/oauth/authorize/consent"
    assert "add memories" in page.text


def test_after_one_scope_more_was_allowed_it_passes_with_all(notebook, signed_in):
    notebook.authorize(signed_in, scope="memories:read")
    notebook.authorize(signed_in, scope="integrations:read")
    answer = notebook.answer(signed_in.get(notebook.authorize_url()))
    assert notebook.exchange(answer["code"]).json["scope"] == "memories:read integrations:read"


def test_a_public_client_always_shows_the_consent_screen_filled_in(pocket, signed_in, make_memento):
    """Its identity cannot be proved (:rfc:`6749#section-10.2`)."""
    chosen = make_memento("Recipes")
    pocket.authorize(signed_in, choose={"selection": "selected", "memento_ids": [chosen]})
    page = pocket.start(signed_in)
    assert step(page) == "/oauth/authorize/consent"
    assert "Recipes" in page.text
    tokens = pocket.exchange(pocket.answer(signed_in.submit(page, press="Authorize"))["code"]).json
    assert [detail["identifier"] for detail in tokens["authorization_details"]] == [chosen]


def test_prompt_consent_asks_again(notebook, signed_in):
    notebook.authorize(signed_in)
    assert step(notebook.start(signed_in, prompt="consent")) == "/oauth/authorize/consent"


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_consent_that_has_ended_is_asked_for_anew(notebook, signed_in, change_consent, ended):
    notebook.authorize(signed_in)
    change_consent(notebook, **{ended: clock.now()})
    assert step(notebook.start(signed_in)) == "/oauth/authorize/mementos"


def test_one_persons_consent_is_not_anothers(notebook, signed_in, carol):
    notebook.authorize(signed_in)
    signed_in.sign_out()
    signed_in.enter(carol)
    assert step(notebook.start(signed_in)) == "/oauth/authorize/mementos"


def test_one_clients_consent_is_not_anothers(notebook, register, signed_in):
    notebook.authorize(signed_in)
    assert step(register().start(signed_in)) == "/oauth/authorize/mementos"


def test_a_person_who_signs_in_on_the_way_passes_with_a_live_consent_too(notebook, signed_in, alice):
    notebook.authorize(signed_in)
    signed_in.sign_out()
    page = notebook.start(signed_in)
    answer = notebook.answer(signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password)))
    assert notebook.exchange(answer["code"]).status_code == 200


# -- prompt=login ----------------------------------------------------------------------------------


def test_prompt_login_asks_a_signed_in_person_for_the_password(notebook, signed_in, alice, let_time_pass):
    let_time_pass(minutes=5)
    page = notebook.start(signed_in, prompt="login")
    assert step(page) == "/sign-in"
    let_time_pass(seconds=1)
    page = signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))
    assert step(page) == "/oauth/authorize/mementos"


def test_prompt_login_is_not_skipped_by_a_live_consent(notebook, signed_in, alice, let_time_pass):
    notebook.authorize(signed_in)
    page = notebook.start(signed_in, prompt="login")
    assert step(page) == "/sign-in"
    let_time_pass(seconds=1)
    answer = notebook.answer(signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password)))
    assert notebook.exchange(answer["code"]).status_code == 200


def test_prompt_login_is_not_skipped_by_going_straight_to_a_later_step(notebook, signed_in):
    kept = signed_in.get(notebook.authorize_url(prompt="login"))
    handle = kept.location.split("request=")[1]
    for later in ("mementos", "consent"):
        page = signed_in.follow(signed_in.get(f"/oauth/authorize/{later}?request={handle}"))
        assert step(page) == "/sign-in"


def test_prompt_login_is_content_with_a_sign_in_on_the_way(notebook, browser, alice, let_time_pass):
    page = notebook.start(browser, prompt="login")
    let_time_pass(seconds=1)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert step(page) == "/oauth/authorize/mementos"


def test_prompt_login_and_consent_together_do_both(notebook, signed_in, alice, let_time_pass):
    notebook.authorize(signed_in)
    page = notebook.start(signed_in, prompt="login consent")
    assert step(page) == "/sign-in"
    let_time_pass(seconds=1)
    page = signed_in.follow(signed_in.submit(page, email=alice.email, password=alice.password))
    assert step(page) == "/oauth/authorize/consent"


def test_prompt_login_lets_another_person_sign_in(notebook, signed_in, carol, let_time_pass):
    """Apps ask for it so that somebody else can answer."""
    page = notebook.start(signed_in, prompt="login")
    let_time_pass(seconds=1)
    page = signed_in.follow(signed_in.submit(page, email=carol.email, password=carol.password))
    assert step(page) == "/oauth/authorize/mementos"
    assert carol.email in page.text


# -- every scope has its sentence ------------------------------------------------------------------


def test_every_scope_is_told_in_words(notebook, signed_in):
    page = notebook.start(signed_in, scope=" ".join(SCOPES))
    for sentence in SCOPES.values():
        assert sentence in page.text
