"""The same app again, or another one: only the person can say, and what an earlier one has goes to who they say."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.clients.models import DOCUMENT, Client
from app.consents.events import ConsentEvent, list_events
from app.consents.installations import MOST_OFFERED
from app.consents.introductions import Introduction
from app.consents.models import Consent, ConsentMemento
from app.consents.receipt_log import AccessLog
from app.consents.receipts import AccessRecord
from app.extensions import db
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily
from app.scopes import SCOPES
from tests.actors import Browser
from tests.api.made import add_memory, fill, make
from tests.tables import each

_ASKED = 'name="same"'


def read(app, statement) -> list:
    with app.app_context():
        return db.session.execute(statement).all()


def consent_of(app, caller) -> Consent:
    with app.app_context():
        return db.session.get_one(Consent, caller.grant_id)


def titles(caller) -> list[str]:
    return sorted(caller.titles())


def is_asked(client, browser) -> bool:
    """Whether the consent screen asks, for a client that wants no memories, so that there is nothing to choose."""
    page = client.start(browser, scope="integrations:read")
    assert page.request.path == "/oauth/authorize/consent", (page.status, page.location)
    return _ASKED in page.text


def offered(page) -> list[str]:
    """The connections that the page names, by grant id, as they stand."""
    return [part.split('"', 1)[0] for part in page.text.split('name="same" value="')[1:]][1:]


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
    assert titles(second) == ["Bread"]


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
    assert page.status_code == 200 and titles(second) == []
    assert second.get(f"memories/{bread}/").status_code == 404
    assert titles(first) == ["Bread", "Plan"]


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
    assert titles(two) == ["By the first", "By the second", "Plan"]
    assert document.refresh(two.refresh_token).status_code == 200
    assert two.delete(f"memories/{saved}/").status_code == 403, "What another one saved is not its own."


def test_each_laptop_touches_what_it_saved_itself_alone(document, connect_agent):
    one, two = connect_agent(document), connect_agent(document)
    first, second = add_memory(one, "First"), add_memory(two, "Second")
    assert (titles(one), titles(two)) == (["First"], ["Second"])
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


# -- the same one --------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["dynamic", "document"])
def test_the_same_one_takes_over_everything_and_the_earlier_one_ends(app, here, agent, connect_agent, shelf, origin):
    """Its mementos and which of them it may change, what it saved and made, and its name."""
    memento = shelf.memento("Work", shelf.keep("Plan", shelf.connect()))
    client = agent(origin=origin)
    first = connect_agent(client, selection="selected", memento_ids=[memento], writable_ids=[memento])
    bread, made = add_memory(first), make(first)
    assert fill(first, made, bread).status_code == 200
    with app.app_context():
        db.session.get_one(Consent, first.grant_id).name = "Claude on the laptop"
        db.session.commit()

    page = (again := client if origin == "document" else agent()).start(here)
    for words in (
        "The same as “<bdi>Claude on the laptop</bdi>”",
        "It takes over what that one sees: <bdi>Work</bdi> (also to change).",
        "It takes over what that one has saved: 1 memory in “<bdi>Saved by Claude Code</bdi>”.",
        "It takes over its name.",
        "ends.",
    ):
        assert words in page.text, words
    second = connect_agent(again, same=first.grant_id)
    assert second.grant_id != first.grant_id
    assert titles(second) == ["Bread", "Plan"]
    assert second.patch(f"memories/{bread}/", {"title": "Rolls"}).status_code == 200
    plan = next(one["id"] for one in second.get("memories/").json["data"] if one["title"] == "Plan")
    assert second.patch(f"memories/{plan}/", {"title": "A plan"}).status_code == 200
    assert fill(second, made, remove=[bread]).status_code == 200
    add_memory(second, "More")
    assert titles(second) == ["A plan", "More", "Rolls"]
    with app.app_context():
        old, new = (db.session.get_one(Consent, each.grant_id) for each in (first, second))
        assert (old.revoked_at is not None, old.continued_by, new.name) == (True, new.grant_id, "Claude on the laptop")
        assert (old.installation == new.installation) and (new.installation != "") == (origin == "document")
        written = select(ConsentMemento.can_write).where(ConsentMemento.grant_id == new.grant_id)
        assert db.session.scalars(written).all() == [True]

    assert first.get("memories/").status_code == 401
    assert client.refresh(first.refresh_token).json["error"] == "invalid_grant"


def test_both_connections_tell_what_happened(app, alice, agent, connect_agent):
    first = connect_agent(agent())
    second = connect_agent(agent(), same=first.grant_id)
    with app.app_context():
        told = {each.grant_id: list_events(db.session, alice.id, each.grant_id) for each in (first, second)}
    (ended, _given), (given,) = told[first.grant_id], told[second.grant_id]
    assert (ended.kind, ended.actor, ended.changed) == ("ended", "person", {"continued_by": second.grant_id})
    assert (given.kind, given.changed["continues"]) == ("given", first.grant_id)


def test_what_the_earlier_one_did_stays_in_its_own_history(app, here, agent, connect_agent, shelf):
    shelf.keep("Plan", shelf.connect())
    first = connect_agent(agent(), selection="all")
    first.titles()
    app.extensions["services"].notes.of(AccessLog).flush()
    second = connect_agent(agent(), same=first.grant_id)
    grants = read(app, select(AccessRecord.grant_id).distinct())
    assert grants == [(first.grant_id,)]
    assert "Read" in here.get(f"/account/apps/{first.grant_id}/activity").text
    assert second.grant_id in here.get("/account/apps/").text


def test_one_that_was_taken_over_is_not_offered_again(here, agent, connect_agent):
    first = connect_agent(agent())
    second = connect_agent(agent(), same=first.grant_id)
    assert offered(agent().start(here)) == [second.grant_id]


def test_one_that_has_ended_hands_over_what_it_saved(app, here, agent, connect_agent):
    first = connect_agent(agent())
    add_memory(first)
    here.end_app(first.grant_id)
    page = agent().start(here)
    assert "That one ended on" in page.text
    assert titles(connect_agent(agent(), same=first.grant_id)) == ["Bread"]


def test_an_end_that_was_set_is_not_prolonged_in_passing(app, here, agent, connect_agent):
    first = connect_agent(agent())
    end = clock.now() + timedelta(days=3)
    with app.app_context():
        db.session.get_one(Consent, first.grant_id).expires_at = end
        db.session.commit()
    assert "It ends as that one would, on" in agent().start(here).text
    assert consent_of(app, connect_agent(agent(), same=first.grant_id)).expires_at == end


def test_a_pause_is_told_and_not_taken_over(app, here, agent, connect_agent):
    first = connect_agent(agent())
    with app.app_context():
        db.session.get_one(Consent, first.grant_id).paused_at = clock.now()
        db.session.commit()
    assert "You paused that one on" in agent().start(here).text
    assert consent_of(app, connect_agent(agent(), same=first.grant_id)).paused_at is None


def test_scopes_are_those_that_are_asked_for_now(app, here, agent, connect_agent):
    """What the page lists under "What it may do" is all that the new one may do, whatever the earlier one could."""
    first = connect_agent(agent())
    client = agent()
    page = client.start(here, scope="memories:read")
    code = client.answer(here.submit(page, press="Authorize", same=first.grant_id))["code"]
    assert client.exchange(code).json["scope"] == "memories:read"
    with app.app_context():
        (scope,) = db.session.scalars(select(Consent.scope).where(Consent.grant_id != first.grant_id))
    assert scope == "memories:read"


def _narrow(app, grant_id, scope="memories:read"):
    db.session.get_one(Consent, grant_id).scope = scope


def test_what_the_earlier_one_was_not_allowed_is_told(app, here, agent, connect_agent):
    """A connection that was narrowed does not come back wider unnoticed."""
    first = connect_agent(agent())
    more = "It asks for more than that one had"
    assert more not in agent().start(here).text
    with app.app_context():
        _narrow(app, first.grant_id, "memories:read integrations:read")
        db.session.commit()
    page = agent().start(here).text
    assert f"{more}: <q>{SCOPES['memories:write']}</q>." in page
    assert page.count(more) == 1
    # What is not asked for is no more.
    assert more not in agent().start(here, scope="memories:read").text


# -- what changes while the page is open ---------------------------------------------------------


def _end(app, grant_id):
    db.session.get_one(Consent, grant_id).revoked_at = clock.now()


def _rename(app, grant_id):
    db.session.get_one(Consent, grant_id).name = "Another name"


def _widen(app, grant_id):
    db.session.get_one(Consent, grant_id).selection = "all"


def _continue(app, grant_id):
    db.session.get_one(Consent, grant_id).continued_by = "grant_2"


def _limit(app, grant_id):
    db.session.get_one(Consent, grant_id).expires_at = clock.now() + timedelta(days=1)


@each("change", [_end, _rename, _widen, _narrow, _continue, _limit])
def test_an_earlier_one_that_changed_meanwhile_is_shown_anew(app, here, agent, connect_agent, change):
    first = connect_agent(agent())
    client = agent()
    page = client.start(here)
    with app.app_context():
        change(app, first.grant_id)
        db.session.commit()
    answer = here.submit(page, press="Authorize", same=first.grant_id)
    if answer.status_code == 303:
        # With nothing left to go on with, the choice comes first.
        answer = here.follow(answer)
        assert "/mementos" in answer.request.path
    assert "has ended or changed, or another one took its place" in answer.text
    assert len(read(app, select(Consent.grant_id))) == 1
    assert "code=" not in (answer.location or "")


def test_what_changes_of_one_that_was_not_chosen_is_nobodys_business(app, here, agent, connect_agent):
    first, other = connect_agent(agent()), connect_agent(agent())
    client = agent()
    page = client.start(here)
    with app.app_context():
        _rename(app, other.grant_id)
        db.session.commit()
    client.answer(here.submit(page, press="Authorize", same=first.grant_id))


def test_two_tabs_that_take_over_the_same_one_are_one_that_wins(app, here, agent, connect_agent):
    first = connect_agent(agent())
    clients = [agent(), agent()]
    pages = [client.start(here) for client in clients]
    clients[0].answer(here.submit(pages[0], press="Authorize", same=first.grant_id))
    second = here.submit(pages[1], press="Authorize", same=first.grant_id)
    assert second.status_code in (200, 303) and "code=" not in (second.location or "")
    assert "another one took its place" in here.follow(second).text
    assert len(read(app, select(Consent.grant_id))) == 2


@each("wrong", ["grant_of_nobody", "x" * 5000, "\x00", "grant 1"])
def test_an_answer_that_names_nothing_of_the_page_decides_nothing(app, here, agent, connect_agent, wrong):
    first = connect_agent(agent())
    client = agent()
    page = client.start(here)
    answer = _send(here, page, same=wrong)
    assert answer.status_code == 422 and "It was not clear" in answer.text
    assert len(read(app, select(Consent.grant_id))) == 1
    assert first.get("memories/").status_code == 200


def test_another_persons_connection_is_nothing_to_take_over(app, agent, connect_agent, carol):
    first = connect_agent(agent())
    hers = Browser(app)
    hers.sign_in(carol.email, carol.password)
    connect_agent(agent(), browser=hers)
    answer = _send(hers, agent().start(hers), same=first.grant_id)
    assert "code=" not in (answer.location or "") and first.get("memories/").status_code == 200
    assert len(read(app, select(Consent.grant_id))) == 2


def test_a_registered_clients_connection_is_nothing_to_take_over(app, here, signed_in, notebook, agent, connect_agent):
    grant_id = notebook.tokens(here)["grant_id"]
    connect_agent(agent())
    answer = _send(here, agent().start(here), same=grant_id)
    assert answer.status_code == 422
    assert read(app, select(Consent.revoked_at).where(Consent.grant_id == grant_id)) == [(None,)]


def _send(browser, page, **fields):
    """Send the page's form with what it does not offer."""
    return browser.submit(page, press="Authorize", **fields)


def test_the_events_name_no_client_of_anybody_else(app, alice, agent, connect_agent):
    first = connect_agent(agent())
    connect_agent(agent(), same=first.grant_id)
    with app.app_context():
        told = json.dumps([dict(event.changed) for event in list_events(db.session, alice.id)])
    assert "client_" not in told
