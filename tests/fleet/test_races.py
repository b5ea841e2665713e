"""Many at once, by chance, through several processes and on both databases; each prints what became of them."""

from collections import Counter

import pytest
from sqlalchemy import select

from app.consents.models import Consent
from app.extensions import db
from app.memories.models import MemoryTag
from tests import conftest as people
from tests.actors import Browser
from tests.databases import empty_tables
from tests.robustness.remote import RemoteApp, all_at_once

ROUNDS = 12


@pytest.fixture(scope="session")
def app(each_server) -> RemoteApp:
    return RemoteApp(each_server)


@pytest.fixture(autouse=True)
def _no_failure_is_logged(app):
    before = len(app.server.log)
    yield
    assert " ERROR " not in app.server.log[before:]


@pytest.fixture
def rounds(app):
    """Each round begins with the same people and the same app: Alice's browser, Bob's, and the app."""

    def rounds():
        for _ in range(ROUNDS):
            with app.app_context():
                empty_tables(db.engine, db.metadata)
            alice = people._register(app, "Alice Archer", "alice@acme.example", "Acme", "member")
            bob = people._register(app, "Bob Baker", "bob@acme.example", "Acme", "admin")
            notebook = people._register_integrator(
                app, "Acme Notebook", "confidential", "https://notebook.acme.example/callback"
            )
            browsers = Browser(app), Browser(app)
            for browser, person in zip(browsers, (alice, bob), strict=True):
                browser.enter(person)
            yield alice, notebook, *browsers

    return rounds


def test_an_app_is_deleted_while_eight_threads_refresh_its_tokens(app, rounds):
    deleted, last = Counter(), Counter()
    for _alice, notebook, browser, admin in rounds():
        tokens = [notebook.tokens(browser) for _ in range(8)]
        path = f"/org/oauth/{notebook.client_id}/delete"
        page = admin.get(path)

        def refresh(token, notebook=notebook):
            answers = []
            for _ in range(10):
                answers.append(notebook.refresh(token))
                if answers[-1].status_code != 200:
                    break
                token = answers[-1].json["refresh_token"]
            return answers

        acts = [lambda one=one: refresh(one["refresh_token"]) for one in tokens]
        delete = lambda admin=admin, page=page, path=path: (  # noqa: E731
            admin.submit(page, action=path, typed_name="Acme Notebook")
        )
        *refreshed, answer = all_at_once([*acts, delete])
        deleted[answer.status_code] += 1
        last.update(answers[-1].status_code for answers in refreshed)
        issued = [one.json["access_token"] for answers in refreshed for one in answers if one.status_code == 200]
        assert not any(notebook.is_alive(token) for token in issued)
    print(f"\ndeleting an app: {dict(deleted)}; the last refresh of each thread: {dict(last)}")
    assert set(deleted) == {303} and set(last) <= {200, 400, 401}


def test_eight_patches_of_one_memory_with_tags_and_six_beside_a_delete(app, rounds):
    alone, beside, deleted = Counter(), Counter(), Counter()
    for _alice, notebook, browser, _admin in rounds():
        tokens = notebook.tokens(browser, scope="memories:read memories:write", choose={"selection": "none"})
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}

        def call(method, path, json=None, headers=headers):
            return app.test_client().open(f"/api/v1/{path}", method=method, json=json, headers=headers)

        path = f"memories/{call('POST', 'memories/', {'title': 'T', 'text': 'x', 'tags': ['a', 'b']}).json['id']}/"

        def patch(n, call=call, path=path):
            return call("PATCH", path, {"title": str(n), "tags": ["a", f"t{n}", f"u{n % 3}"]})

        alone.update(one.status_code for one in all_at_once([lambda n=n: patch(n) for n in range(8)]))
        shown = call("GET", path).json
        n = int(shown["title"])
        # One of them as a whole, and not some of each.
        assert sorted(shown["tags"]) == sorted({"a", f"t{n}", f"u{n % 3}"})
        *patched, gone = all_at_once(
            [*[lambda n=n: patch(n) for n in range(6)], lambda path=path: call("DELETE", path)]
        )
        beside.update(one.status_code for one in patched)
        deleted[gone.status_code] += 1
        with app.app_context():
            assert db.session.scalars(select(MemoryTag)).all() == []
    print(f"\neight PATCHes: {dict(alone)}; six beside a DELETE: {dict(beside)}, the DELETE: {dict(deleted)}")
    assert (set(alone), set(beside) <= {200, 404}, set(deleted)) == ({200}, True, {204})


def test_two_first_consents_of_one_app_at_once(app, rounds):
    answered, lost = Counter(), 0
    for _alice, notebook, browser, _admin in rounds():
        pages = []
        for scope in ("memories:read", "integrations:read"):
            page = notebook.start(browser, scope=scope)
            if "/mementos" in page.request.path:
                page = browser.follow(browser.submit(page, press="Continue", selection="all"))
            pages.append(page)
        acts = [lambda page=page, browser=browser: browser.submit(page, press="Authorize") for page in pages]
        answers = all_at_once(acts)
        answered[tuple(sorted(answer.status_code for answer in answers))] += 1
        granted = set()
        for answer in answers:
            if answer.status_code == 303:
                granted |= set(notebook.exchange(notebook.answer(answer)["code"]).json["scope"].split())
        with app.app_context():
            (scope,) = db.session.scalars(select(Consent.scope))
        lost += set(scope.split()) != granted
    print(f"\ntwo first consents: {dict(answered)}; {lost} of {ROUNDS} consents lack what was answered with a code")
    assert lost == 0


def test_sixteen_tabs_of_one_covered_request(app, rounds):
    told = Counter()
    for alice, notebook, _browser, _admin in rounds():
        notebook.allow(alice, notebook.scope, {"selection": "all"})
        browser = Browser(app)
        page = browser.follow(browser.get(notebook.authorize_url()))
        way_on = browser.submit(page, email=alice.email, password=alice.password).location
        for answer in all_at_once([lambda browser=browser, way_on=way_on: browser.get(way_on) for _ in range(16)]):
            if answer.status_code in (302, 303):
                told["a code" if "code" in notebook.answer(answer) else answer.location] += 1
            else:
                told["answered already" if "already answered" in answer.text else answer.text] += 1
    print(f"\nsixteen tabs: {dict(told)}")
    assert told == {"a code": ROUNDS, "answered already": 15 * ROUNDS}
