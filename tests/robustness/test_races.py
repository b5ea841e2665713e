"""Sixteen at once, through several processes: what may happen once happens once, on both databases.

The fixtures of people and clients act on the running server here, because ``app`` is it.
"""

import re

import pytest
from sqlalchemy import func, select, update

from app.audit.models import AuditEvent
from app.clients.models import DYNAMIC, Client
from app.consents.models import Consent
from app.database.access import expect_writes
from app.extensions import db
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.replay import TokenReplay
from tests.actors import Browser
from tests.integrator import Integrator
from tests.robustness.locking import writers_held_back
from tests.robustness.remote import RemoteApp, all_at_once
from tests.server import CHEAP_PASSWORDS, running_server
from tests.unregistered import add_unregistered

SIXTEEN = range(16)


@pytest.fixture(scope="session")
def app(each_server) -> RemoteApp:
    return RemoteApp(each_server)


@pytest.fixture(autouse=True)
def _no_failure_is_logged(app):
    """A failure that the answer hid would still stand in the log."""
    before = len(app.server.log)
    yield
    assert "ERROR" not in app.server.log[before:]


@pytest.fixture
def notebook(notebook) -> Integrator:
    """It was just seen by every process, so that its refreshes are not looked up."""
    all_at_once([notebook.client_credentials for _ in SIXTEEN])
    return notebook


@pytest.fixture(params=["notebook", "pocket"])
def integrator(request) -> Integrator:
    """The confidential and the public client in turn. Of the public one everything is looked up."""
    return request.getfixturevalue(request.param)


# -- codes ---------------------------------------------------------------------------------------


def test_one_of_sixteen_redemptions_of_a_code_wins_and_its_tokens_die(integrator, signed_in, app):
    """:rfc:`6749#section-4.1.2`: a code that is used more than once is denied, and its tokens SHOULD be revoked."""
    another_family = integrator.tokens(signed_in)
    code = integrator.code(signed_in)
    answers = all_at_once([lambda: integrator.exchange(code) for _ in SIXTEEN], writers_held_back(app))
    tokens = the_one_success(answers)
    assert not integrator.is_alive(tokens["access_token"])
    # Fifteen replays have ended one family, and that is told once.
    assert count(app, TokenReplay) == 1
    assert [one for one in events(app) if one == "client.replay_ended_tokens"] == ["client.replay_ended_tokens"]
    assert integrator.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert integrator.is_alive(another_family["access_token"])


def test_of_sixteen_redemptions_only_the_one_with_the_verifier_wins(pocket, signed_in):
    """:rfc:`7636#section-4.6`: who merely saw the code can neither redeem it nor use it up."""
    code = pocket.code(signed_in)
    wrong = [lambda: pocket.exchange(code, code_verifier="w" * 43) for _ in SIXTEEN[1:]]
    answers = all_at_once([*wrong, lambda: pocket.exchange(code)])
    the_one_success(answers)
    assert answers[-1].status_code == 200


# -- refresh tokens ------------------------------------------------------------------------------


def test_six_refreshes_of_a_token_at_once_get_the_same_successor(integrator, signed_in, app):
    """An app's own processes that refresh at the same moment are no theft: one rotates, five get it again."""
    first = integrator.tokens(signed_in)
    refreshes = [lambda: integrator.refresh(first["refresh_token"]) for _ in SIXTEEN[:6]]
    answers = all_at_once(refreshes, writers_held_back(app))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 6
    assert all(integrator.is_alive(answer.json["access_token"]) for answer in answers)

    third = integrator.refresh(answers[0].json["refresh_token"])
    assert third.status_code == 200
    # The successor has been used, so the predecessor's time is over: this is a theft.
    assert integrator.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert not integrator.is_alive(third.json["access_token"])


@pytest.mark.parametrize("count", [8, 16])
def test_of_more_refreshes_of_a_token_six_get_the_same_successor_and_the_family_dies(integrator, signed_in, app, count):
    """Nobody needs more repetitions than five; what comes after is a replay (:rfc:`9700#section-4.14.2`)."""
    first, another_family = integrator.tokens(signed_in), integrator.tokens(signed_in)
    refreshes = [lambda: integrator.refresh(first["refresh_token"]) for _ in range(count)]
    answers = all_at_once(refreshes, writers_held_back(app))
    given = [answer.json for answer in answers if answer.status_code == 200]
    refused = [answer.json["error"] for answer in answers if answer.status_code != 200]
    assert len(given) == 6
    assert refused == ["invalid_grant"] * (count - 6)
    assert len({one["refresh_token"] for one in given}) == 1
    assert not any(integrator.is_alive(one["access_token"]) for one in given)
    assert integrator.refresh(given[0]["refresh_token"]).json["error"] == "invalid_grant"
    assert integrator.is_alive(another_family["access_token"])


def test_refreshes_of_eight_families_do_not_disturb_each_other(notebook, signed_in):
    """Two apps, or two devices with one app, that refresh at the same moment are no theft."""
    families = [notebook.tokens(signed_in) for _ in SIXTEEN[:8]]
    answers = all_at_once([lambda family=family: notebook.refresh(family["refresh_token"]) for family in families])
    assert [answer.status_code for answer in answers] == [200] * 8
    assert all(notebook.is_alive(answer.json["access_token"]) for answer in answers)


def test_nothing_escapes_a_revocation_that_comes_during_refreshes(notebook, signed_in):
    """:rfc:`7009#section-2.1`: once it is answered, no token of the family is alive, whoever was first."""
    families = [notebook.tokens(signed_in) for _ in SIXTEEN[:8]]
    acts = [lambda family=family: notebook.refresh(family["refresh_token"]) for family in families]
    acts += [lambda family=family: notebook.revoke(family["refresh_token"]) for family in families]
    answers = all_at_once(acts)
    assert [answer.status_code for answer in answers[8:]] == [200] * 8
    assert {answer.status_code for answer in answers[:8]} <= {200, 400}
    issued = [*families, *(answer.json for answer in answers[:8] if answer.status_code == 200)]
    assert not any(notebook.is_alive(tokens["access_token"]) for tokens in issued)
    assert {notebook.refresh(tokens["refresh_token"]).status_code for tokens in issued} == {400}


# -- pushed requests -----------------------------------------------------------------------------


def test_of_sixteen_browsers_that_open_a_pushed_request_one_is_led_on(notebook, app):
    """:rfc:`9126#section-7.3`: it is for one use, on whichever machine that is."""
    url, browsers = notebook.pushed_url(), [Browser(app) for _ in SIXTEEN]
    for browser in browsers:
        # Each has its cookie already, so that this is the moment.
        browser.get(url)
    answers = all_at_once([lambda browser=browser: browser.get(url) for browser in browsers], writers_held_back(app))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 15
    (winner,) = [one for one, answer in zip(browsers, answers, strict=True) if answer.status_code == 303]
    assert winner.follow(winner.get(url)).request.path == "/sign-in"


# -- consents ------------------------------------------------------------------------------------


def test_sixteen_clicks_on_authorize_give_one_code(pocket, signed_in, app):
    page = consent_page(pocket, signed_in)
    answers = all_at_once([lambda: signed_in.submit(page, press="Authorize") for _ in SIXTEEN])
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 15
    code = next(pocket.answer(answer)["code"] for answer in answers if answer.status_code == 303)
    assert count(app, AuthorizationCode) == 1
    assert pocket.exchange(code).status_code == 200


def test_authorize_and_cancel_at_once_are_one_decision(pocket, signed_in):
    page = consent_page(pocket, signed_in)
    presses = ["Authorize", "Cancel"] * 8
    answers = all_at_once([lambda press=press: signed_in.submit(page, press=press) for press in presses])
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 15


def test_what_was_declined_is_never_granted_while_the_app_makes_it_required(pocket, signed_in, app):
    """Eight pages on which it was left out are answered while the app's owner changes back and forth what may be."""

    def require(optional_scope: str) -> None:
        with app.app_context(), expect_writes():
            db.session.execute(
                update(Client).where(Client.client_id == pocket.client_id).values(stored_optional_scope=optional_scope)
            )
            db.session.commit()

    require("integrations:read")
    pages = [consent_page(pocket, signed_in) for _ in SIXTEEN[:8]]
    acts = [lambda page=page: signed_in.submit(page, press="Authorize", scopes=[]) for page in pages]
    acts += [lambda: require(""), lambda: require("integrations:read")] * 3
    answers = all_at_once(acts)[:8]
    assert {answer.status_code for answer in answers} <= {200, 303}
    for answer in answers:
        if answer.status_code == 303:
            assert pocket.exchange(pocket.answer(answer)["code"]).json["scope"] == "memories:read"
        else:
            assert "Something changed while this page was open" in answer.text


def test_of_eight_agents_that_are_said_to_be_the_same_at_once_one_is(browser, alice, app):
    """Each is a client of its own; one takes the earlier connection's place, and the others are told that it is gone."""
    browser.sign_in(alice.email, alice.password)
    agents = [add_unregistered(app, f"client_{number:024}", "Claude Code", DYNAMIC) for number in SIXTEEN[:9]]
    earlier = agents[0].exchange(agents[0].code(browser)).json
    pages = [agent.start(browser) for agent in agents[1:]]
    acts = [lambda page=page: browser.submit(page, press="Authorize", same=earlier["grant_id"]) for page in pages]
    answers = all_at_once(acts, writers_held_back(app))
    given = [answer for answer in answers if "code=" in (answer.location or "")]
    assert len(given) == 1, [answer.status for answer in answers]
    assert all(answer.status_code in (200, 303) for answer in answers)
    assert not agents[0].is_alive(earlier["access_token"])
    with app.app_context():
        continued = db.session.scalars(
            select(Consent.continued_by).where(Consent.grant_id == earlier["grant_id"])
        ).one()
        assert db.session.scalars(select(Consent.grant_id).where(Consent.revoked_at.is_(None))).all() == [continued]


def test_sixteen_first_consents_of_one_pair_are_one_consent(pocket, signed_in, app):
    pages = [consent_page(pocket, signed_in) for _ in SIXTEEN]
    answers = all_at_once([lambda page=page: signed_in.submit(page, press="Authorize") for page in pages])
    tokens = [pocket.exchange(pocket.answer(answer)["code"]).json for answer in answers]
    assert count(app, Consent) == 1
    assert len({one["grant_id"] for one in tokens}) == 1
    assert all(pocket.is_alive(one["access_token"]) for one in tokens)


def test_ending_while_the_app_redeems_leaves_nothing_alive(notebook, signed_in):
    """An end acts at once, also on what is being issued at that moment."""
    codes = [notebook.code(signed_in) for _ in SIXTEEN[:8]]
    link = re.search(r"/account/apps/\w+/disconnect", signed_in.get("/account/").text).group()
    question = signed_in.get(link)
    acts = [lambda code=code: notebook.exchange(code) for code in codes]
    answers = all_at_once([*acts, lambda: signed_in.submit(question, press="End Acme Notebook")])
    assert answers[-1].status_code == 303
    assert {answer.status_code for answer in answers[:8]} <= {200, 400}
    issued = [answer.json["access_token"] for answer in answers[:8] if answer.status_code == 200]
    assert not any(notebook.is_alive(token) for token in issued)


# -- what many may do at once --------------------------------------------------------------------


def test_sixteen_client_credentials_requests_all_succeed(notebook):
    answers = all_at_once([notebook.client_credentials for _ in SIXTEEN])
    assert [answer.status_code for answer in answers] == [200] * 16
    assert len({answer.json["access_token"] for answer in answers}) == 16


def test_sixteen_reads_with_one_token_all_succeed(notebook, signed_in):
    """The first read of a minute notes that the consent was used; the others must not stumble over it."""
    tokens = notebook.tokens(signed_in)
    answers = all_at_once([lambda: notebook.me(tokens["access_token"]) for _ in SIXTEEN])
    assert [answer.status_code for answer in answers] == [200] * 16


# -- a server whose refresh tokens have no grace --------------------------------------------------


@pytest.fixture
def strict(each_database_url, tmp_path, apps_in_use):
    with running_server(each_database_url, tmp_path, application=CHEAP_PASSWORDS, REFRESH_TOKEN_GRACE="0") as server:
        yield server


class TestWithoutGrace:
    """``REFRESH_TOKEN_GRACE=0``: whatever comes twice is a replay."""

    @pytest.fixture
    def app(self, strict) -> RemoteApp:
        return RemoteApp(strict)

    def test_one_of_sixteen_refreshes_of_a_token_wins_and_the_family_dies(self, notebook, pocket, signed_in, app):
        """:rfc:`9700#section-4.14.2`: the token that came twice ends the whole family, the winner's tokens too."""
        for integrator in (notebook, pocket):
            first, another_family = integrator.tokens(signed_in), integrator.tokens(signed_in)
            refreshes = [lambda client=integrator, token=first["refresh_token"]: client.refresh(token) for _ in SIXTEEN]
            second = the_one_success(all_at_once(refreshes, writers_held_back(app)))
            assert not integrator.is_alive(first["access_token"])
            assert not integrator.is_alive(second["access_token"])
            assert integrator.refresh(second["refresh_token"]).json["error"] == "invalid_grant"
            assert integrator.is_alive(another_family["access_token"])


# -- what several tests say ------------------------------------------------------------------------


def the_one_success(answers) -> dict:
    """The tokens of the only 200; every other answer must be an ``invalid_grant``."""
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (len(answers) - 1)
    assert {answer.json["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    return next(answer.json for answer in answers if answer.status_code == 200)


def consent_page(integrator: Integrator, browser: Browser):
    """The consent screen of a new request, with everything chosen."""
    page = integrator.start(browser)
    if "/mementos" in page.request.path:
        page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert page.request.path == "/oauth/authorize/consent"
    return page


def events(app: RemoteApp) -> list[str]:
    """The kinds of what stands in the audit log."""
    with app.app_context():
        return list(db.session.scalars(select(AuditEvent.kind)))


def count(app: RemoteApp, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))
