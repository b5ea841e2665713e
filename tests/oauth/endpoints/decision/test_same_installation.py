"""The same app again, or another one: only the person can say, and what an earlier one has goes to who they say."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.clients.models import DOCUMENT, Client
from app.consents.events import ConsentEvent
from app.consents.installations import MOST_OFFERED
from app.consents.introductions import Introduction
from app.consents.models import Consent, ConsentMemento
from app.extensions import db
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily
from tests.actors import Browser
from tests.api.made import add_memory
from tests.oauth.endpoints.decision.conftest import consent_of, offered, sorted_titles
from tests.tables import each

_ASKED = 'name="same"'


def is_asked(client, browser) -> bool:
    """Whether the consent screen asks, for a client that wants no memories, so that there is nothing to choose."""
    page = client.start(browser, scope="integrations:read")
    assert page.request.path == "/oauth/authorize/consent", (page.status, page.location)
    return _ASKED in page.text


@pytest.mark.parametrize("origin", ["dynamic", "document"])
def test_a_connection_that_is_written_down_is_as_one_that_was_walked(app, here, agent, connect_agent, shelf, origin):
    memento = shelf.memento("Work", shelf.keep("Plan", shelf.connect()))
    choice = {"selection": "selected", "memento_ids": [memento], "writable_ids": [memento]}
    tables = (Consent, ConsentMemento, Introduction, ConsentEvent, Client)
    told = []
    for walks in (True, False):
        client = agent(f"App {walks}", origin=origin)
        grant_id = connect_agent(client, walks=walks, **choice).grant_id
        with app.app_context():
            consent = db.session.get_one(Consent, grant_id)
            asked = [
                select(table).where(
                    table.client_id == client.client_id if table is Client else table.grant_id == grant_id
                )
                for table in tables
            ]
            codes = select(AuthorizationCode, TokenFamily).where(
                AuthorizationCode.family_id == TokenFamily.id, TokenFamily.grant_id == grant_id
            )
            rows = [
                [{name: value for name, value in row.items() if not _is_its_own(name)} for row in found.mappings()]
                for found in (db.session.connection().execute(one) for one in (*asked, codes))
            ]
            told.append((rows, consent.browser_digest is not None, consent.installation != ""))
    assert len(told[0][0][0]) == len(told[0][0][-1]) == 1
    for one, other in zip(*(part[0] for part in told), strict=True):
        assert one == other
    assert told[0][1:] == told[1][1:]


def _is_its_own(column: str) -> bool:
    """Whether each connection has another one."""
    return column in ("name", "client_name", "installation", "id", "at") or column.endswith(
        ("_at", "digest", "key", "_id", "until", "challenge", "id_1", "at_1")
    )


# -- when it is asked ----------------------------------------------------------------------------


def test_the_first_one_of_its_name_is_not_asked_about(here, agent):
    assert not is_asked(agent(), here)


@each("name", ["Claude Code", "CLAUDE code", "Claude-Code", "Cláude Code", "Ｃｌａｕｄｅ Code"])
def test_one_whose_name_reads_the_same_is_asked_about_on_the_consent_screen(here, agent, connect_agent, name):
    first = connect_agent(agent())
    page = agent(name).start(here)
    assert page.request.path == "/oauth/authorize/consent"
    assert offered(page) == [first.grant_id]


def test_one_of_another_name_is_not(here, agent, connect_agent):
    connect_agent(agent())
    assert not is_asked(agent("Claude Coder"), here)


def test_one_that_took_the_name_after_it_was_connected_is_not(app, here, agent, connect_agent):
    """Else what a stranger's app has saved would be handed, under a trusted name, to the app of that name."""
    client = agent("Recipes")
    connect_agent(client)
    _call(app, client, "Claude Code")
    assert not is_asked(agent(), here)


def test_one_that_has_given_up_the_name_is_not(app, here, agent, connect_agent):
    client = agent()
    connect_agent(client)
    _call(app, client, "Recipes")
    assert not is_asked(agent(), here)
    assert not is_asked(agent("Recipes"), here)


def _call(app, client, name):
    with app.app_context():
        db.session.execute(update(Client).where(Client.client_id == client.client_id).values(name=name))
        db.session.commit()


def test_another_one_is_preselected(here, agent, connect_agent):
    """A name proves nothing."""
    connect_agent(agent())
    page = agent().start(here).text
    assert '<input type="radio" name="same" value="" checked>' in page
    assert page.count(" checked>") == 1


def test_the_very_client_that_comes_again_is_one_page_and_one_click(here, agent, connect_agent, app):
    """Its client id is one installation: nothing is asked, and what was chosen before is filled in."""
    client = agent()
    first = connect_agent(client, selection="all")
    page = client.start(here)
    assert page.request.path == "/oauth/authorize/consent" and _ASKED not in page.text
    assert "Everything, also what you add later" in page.text
    again = client.exchange(client.answer(here.submit(page, press="Authorize"))["code"]).json
    assert again["grant_id"] == first.grant_id


@pytest.mark.parametrize("origin", ["dynamic", "document"])
def test_the_same_one_is_one_page_and_one_click_besides_the_answer(here, agent, connect_agent, origin):
    """Nothing is chosen first, nothing is asked afterwards, and never is a code given without the screen."""
    client = agent(origin=origin)
    first = connect_agent(client, selection="all")
    page = (client if origin == "document" else agent()).start(here)
    assert page.request.path == "/oauth/authorize/consent"
    assert here.submit(page, press="Authorize", same=first.grant_id).location.startswith("https://app.example.net/")


def test_a_registered_client_is_never_asked_about(here, register, agent, connect_agent):
    connect_agent(agent("Acme App"))
    assert not is_asked(register(name="Acme App"), here)


def test_what_a_registered_client_has_is_never_offered(here, signed_in, register, agent):
    """An organization answers for it, and nobody for a name that somebody registered for themselves."""
    register(name="Acme App").tokens(here)
    assert not is_asked(agent("Acme App"), here)


def test_what_another_document_describes_is_never_offered(here, agent, connect_agent):
    connect_agent(agent(origin=DOCUMENT))
    assert not is_asked(agent(origin=DOCUMENT), here)
    assert not is_asked(agent(), here)


def test_one_that_registered_itself_may_go_on_as_one_that_a_document_describes(here, agent, connect_agent, shelf):
    first = connect_agent(agent(), selection="all")
    shelf.keep("Bread", shelf.connect())
    second = connect_agent(agent(origin=DOCUMENT), same=first.grant_id)
    assert sorted_titles(second) == ["Bread"]


def test_only_the_persons_own_are_offered(app, agent, connect_agent, carol):
    connect_agent(agent())
    hers = Browser(app)
    hers.sign_in(carol.email, carol.password)
    assert not is_asked(agent(), hers)


def test_which_browser_it_was_is_said_of_this_one_alone(app, here, agent, connect_agent, alice):
    connect_agent(agent())
    assert "on this browser" in agent().start(here).text
    other = Browser(app)
    other.sign_in(alice.email, alice.password)
    page = agent().start(other).text
    assert _ASKED in page and "on this browser" not in page


def test_two_connections_of_one_browser_do_not_tell_that(app, here, agent, connect_agent):
    """What is kept says of a browser whether it is this one, and of two connections nothing."""
    marks = {consent_of(app, connect_agent(agent(name), walks=True)).browser_digest for name in ("One", "Two")}
    assert len(marks) == 2 and None not in marks


def test_a_person_with_fourteen_is_shown_a_few_the_likeliest_first(app, here, agent, connect_agent):
    grants = [connect_agent(agent()).grant_id for _ in range(14)]
    with app.app_context():
        db.session.get_one(Consent, grants[3]).last_used_at = clock.now() + timedelta(minutes=1)
        db.session.get_one(Consent, grants[13]).revoked_at = clock.now()
        db.session.commit()
    page = agent().start(here)
    assert len(offered(page)) == MOST_OFFERED == 4
    assert offered(page)[:2] == [grants[3], grants[12]] and grants[13] not in offered(page)
    assert "10 more are among your" in page.text


# -- another one ---------------------------------------------------------------------------------


def test_another_one_gains_nothing_by_its_name(app, here, agent, connect_agent, shelf):
    """Whatever it calls itself: it sees what is chosen for it, and nothing that an earlier one saved."""
    memento = shelf.memento("Work", shelf.keep("Plan", shelf.connect()))
    first = connect_agent(agent(), selection="selected", memento_ids=[memento])
    bread = add_memory(first)
    page = agent_page = agent().start(here)
    answer = here.submit(agent_page, press="Authorize")
    assert "/oauth/authorize/mementos" in answer.location, "What it may see is chosen first."
    second = connect_agent(agent(), walks=True, selection="none")
    assert page.status_code == 200 and sorted_titles(second) == []
    assert second.get(f"memories/{bread}/").status_code == 404
    assert sorted_titles(first) == ["Bread", "Plan"]


def test_two_laptops_of_one_document_client_are_two_connections(here, document, connect_agent, shelf, app):
    """One is ended, the other's next call works."""
    shelf.keep("Plan", shelf.connect())
    one, two = (connect_agent(document, walks=True, selection="all") for _ in range(2))
    assert one.grant_id != two.grant_id
    saved = add_memory(one, "By the first")
    add_memory(two, "By the second")
    here.end_app(one.grant_id)
    assert one.get("memories/").status_code == 401
    assert document.refresh(one.refresh_token).json["error"] == "invalid_grant"
    assert sorted_titles(two) == ["By the first", "By the second", "Plan"]
    assert document.refresh(two.refresh_token).status_code == 200
    assert two.delete(f"memories/{saved}/").status_code == 403, "What another one saved is not its own."


def test_each_laptop_touches_what_it_saved_itself_alone(document, connect_agent):
    one, two = connect_agent(document), connect_agent(document)
    first, second = add_memory(one, "First"), add_memory(two, "Second")
    assert (sorted_titles(one), sorted_titles(two)) == (["First"], ["Second"])
    assert one.delete(f"memories/{second}/").status_code == 404
    assert one.patch(f"memories/{first}/", {"title": "Mine"}).status_code == 200


def test_each_laptop_is_told_of_its_own_connection(document, connect_agent):
    """At each refresh, computed now."""
    one, two = connect_agent(document, selection="all"), connect_agent(document, selection="none")
    details = [document.refresh(each.refresh_token).json for each in (one, two)]
    assert [each["grant_id"] for each in details] == [one.grant_id, two.grant_id]
    assert [len(each["authorization_details"]) for each in details] == [1, 0]


def test_the_same_key_of_two_laptops_is_two_requests(document, connect_agent):
    """An idempotency key is an installation's own: another one is not answered with what that one saved."""
    one, two = connect_agent(document), connect_agent(document)
    key, memory = {"Idempotency-Key": "k" * 20}, {"title": "Bread", "text": "Flour."}
    first, second = (each.post("memories/", memory, headers=key) for each in (one, two))
    assert first.status_code == second.status_code == 201
    assert first.json["id"] != second.json["id"]
