"""Several at once, through several processes, on both databases: secrets rotated under traffic, and what must not race.

The fixtures of people and clients act on the running server here, because ``app`` is it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition, Event, Thread

import pytest

from app import clock
from app.accounts.models import Membership
from app.clients.models import Client, ClientSecret
from app.extensions import db
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason
from tests.actors import Browser
from tests.integrator import Integrator
from tests.org.conftest import HONEST, in_acme, send, signed_in
from tests.robustness.remote import RemoteApp, all_at_once

ROOT = "/org/oauth"
_TIMEOUT_SECONDS = 60


@pytest.fixture(scope="session")
def app(each_server) -> RemoteApp:
    return RemoteApp(each_server)


@pytest.fixture(autouse=True)
def _no_failure_is_logged(app):
    before = len(app.server.log)
    yield
    assert "ERROR" not in app.server.log[before:]


# -- rotation under traffic ---------------------------------------------------------------------------


class Traffic:
    """A client that asks for tokens all the while, with whichever secret is deployed, from several threads."""

    def __init__(self, notebook: Integrator, refresh_token: str):
        self.deployed = notebook.client_secret
        #: (whether it succeeded, the secret that was used) -> how often
        self.answers: Counter[tuple[int, str]] = Counter()
        self._notebook = notebook
        self._refresh_token = refresh_token
        self._stop = Event()
        self._answered = Condition()
        self._used: dict[str, str] = {}

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        asks = {"one": self._ask_for_itself, "two": self._ask_for_itself, "three": self._ask_for_a_person}
        threads = [Thread(target=self._keep_asking, args=pair, daemon=True) for pair in asks.items()]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(_TIMEOUT_SECONDS)

    def wait_for(self, number: int) -> None:
        """Wait for so many more answers, and until no thread is still on its way with a secret of before."""
        with self._answered:
            enough = self.answers.total() + number
            done = self._answered.wait_for(
                lambda: (
                    self.answers.total() >= enough
                    and len(self._used) == 3
                    and set(self._used.values()) == {self.deployed}
                ),
                _TIMEOUT_SECONDS,
            )
        assert done, f"The traffic came to rest: {self.answers}"

    def _keep_asking(self, name: str, ask) -> None:
        while not self._stop.is_set():
            secret = self.deployed
            status = ask(replace(self._notebook, client_secret=secret))
            with self._answered:
                self.answers[status, secret] += 1
                self._used[name] = secret
                self._answered.notify_all()

    @staticmethod
    def _ask_for_itself(notebook: Integrator) -> int:
        return notebook.client_credentials().status_code

    def _ask_for_a_person(self, notebook: Integrator) -> int:
        response = notebook.refresh(self._refresh_token)
        self._refresh_token = response.json.get("refresh_token", self._refresh_token)
        return response.status_code


def test_client_that_issues_tokens_all_the_while_sees_not_one_failure(app, admin, notebook, alice):
    old = notebook.client_secret
    refresh_token = notebook.tokens(signed_in(app, alice))["refresh_token"]
    page = f"{ROOT}/{notebook.client_id}"

    with Traffic(notebook, refresh_token).running() as traffic:
        traffic.wait_for(10)
        made = admin.submit(admin.get(f"{page}/secrets/new"), press="Make the secret", label="new")
        new = re.search(r"rlq_cs_[0-9a-f]{64}", made.text)[0]
        traffic.wait_for(10)
        traffic.deployed = new
        traffic.wait_for(10)
        retire = re.search(rf'href="([^"]+/retire)">[^<]*<span[^>]*>[^<]*…{old[-4:]}<', admin.get(page).text)[1]
        assert admin.submit(admin.get(retire), press="Retire the secret").status_code == 303
        traffic.wait_for(10)

    assert {status for status, _ in traffic.answers} == {200}
    assert min(traffic.answers[200, old], traffic.answers[200, new]) >= 20
    assert notebook.client_credentials().status_code == 401


# -- what must not race -------------------------------------------------------------------------------


def owners(app) -> int:
    with app.app_context():
        return db.session.query(Membership).filter_by(organization_id=in_acme(app), role="owner").count()


def test_of_two_owners_who_leave_at_once_one_stays(app, olive, alice):
    make_owner(app, alice)
    browsers = [signed_in(app, person) for person in (olive, alice)]
    forms = [browser.get(f"{ROOT}/members/leave") for browser in browsers]

    all_at_once(
        [lambda pair=pair: pair[0].submit(pair[1], press="Leave Acme") for pair in zip(browsers, forms, strict=True)]
    )

    assert owners(app) == 1


def test_two_owners_who_demote_each_other_leave_one(app, olive, alice):
    make_owner(app, alice)
    questions = []
    for browser, other in ((signed_in(app, olive), alice), (signed_in(app, alice), olive)):
        path = f"{ROOT}/members/{other.id}/role"
        questions.append((browser, send(browser, path, role="member", organization=in_acme(app))))

    all_at_once(
        [
            lambda browser=browser, question=question: browser.submit(question, action=question.request.path)
            for browser, question in questions
        ]
    )

    assert owners(app) == 1


def test_of_many_who_follow_a_link_at_once_one_joins(app, admin, carol, leon):
    page = admin.submit(admin.get(f"{ROOT}/members"), press="Make an invitation link")
    link = re.search(r"/org/oauth/join/rlq_in_[0-9a-f]{64}", page.text)[0]
    browsers = [signed_in(app, person) for person in (carol, leon) for _ in range(4)]
    pages = [browser.get(link) for browser in browsers]

    all_at_once([lambda pair=pair: pair[0].submit(pair[1], press="Join") for pair in zip(browsers, pages, strict=True)])

    with app.app_context():
        joined = db.session.query(Membership).filter_by(organization_id=in_acme(app), role="member").count()
    assert joined == 1


def test_of_two_who_save_at_once_one_is_told(app, admin, olive, notebook):
    path = f"{ROOT}/{notebook.client_id}/settings"
    browsers = [admin, signed_in(app, olive)]
    forms = [browser.get(path) for browser in browsers]
    names = ["Bob's Notebook", "Olive's Notebook"]

    answers = all_at_once(
        [
            lambda one=one: one[0].submit(one[1], press="Save", name=one[2])
            for one in zip(browsers, forms, names, strict=True)
        ]
    )

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    saved = names[[answer.status_code for answer in answers].index(303)]
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.name, client.version) == (saved, 2)


def test_form_sent_eight_times_at_once_acts_once(app, admin, notebook):
    register, secret = admin.get(f"{ROOT}/register"), admin.get(f"{ROOT}/{notebook.client_id}/secrets/new")

    registered = all_at_once([lambda: admin.submit(register, press="Register the app", **HONEST) for _ in range(8)])
    made = all_at_once([lambda: admin.submit(secret, press="Make the secret") for _ in range(8)])

    for answers in (registered, made):
        assert sorted(answer.status_code for answer in answers) == [200] + [303] * 7
    with app.app_context():
        assert db.session.query(Client).count() == 2
        assert db.session.query(ClientSecret).filter_by(client_key=notebook.client_id).count() == 2


def make_owner(app: RemoteApp, person) -> Browser:
    with app.app_context():
        db.session.get(Membership, (person.id, in_acme(app))).role = "owner"
        db.session.commit()


def test_an_address_is_not_registered_while_what_vouches_for_it_is_being_removed(app, admin, notebook):
    """The one who removes it is waited for; what they removed neither vouches for another nor comes back."""
    near = "https://notebook.acme.example/Callback/"
    with app.app_context():
        record = RequestRecord(
            client_key=notebook.client_id, at=clock.now(), endpoint="authorize", error=ERROR_PAGE,
            reason=Reason.REDIRECT_URI_MISMATCH, redirect_uri=near,
        )  # fmt: skip
        db.session.add(record)
        db.session.commit()
        link = f"{ROOT}/{notebook.client_id}/requests/{record.id}/address"
    page, answers = admin.get(link), []
    repairing = Thread(target=lambda: answers.append(admin.submit(page, press="Register it")), daemon=True)
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id, with_for_update=True)
        client.redirect_uris = ["https://elsewhere.acme.example/callback"]
        db.session.flush()
        repairing.start()
        # Long enough for it to come to where it waits; if it is slower than that, it finds the removal done.
        repairing.join(0.3)
        db.session.commit()
    repairing.join(_TIMEOUT_SECONDS)

    assert answers[0].status_code == 303
    with app.app_context():
        assert db.session.get_one(Client, notebook.client_id).redirect_uris == [
            "https://elsewhere.acme.example/callback"
        ]
