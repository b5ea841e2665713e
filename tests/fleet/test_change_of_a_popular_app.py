"""An app that a hundred thousand people have connected changes its name: each is told, and the request comes to its end."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, insert, select

from app import clock
from app.accounts.models import User
from app.clients.models import Client
from app.consents.events import ConsentEvent
from app.consents.models import Consent
from app.database.patience import LONG_WORK_SECONDS
from app.extensions import db
from tests.clients.conftest import AGENT
from tests.server import Server, running_server

_PEOPLE = 100_000
_AT_ONCE = 5_000


@pytest.fixture
def running(each_database_url, tmp_path) -> Iterator[Server]:
    with running_server(each_database_url, tmp_path, WEB_CONCURRENCY="1") as server:
        server.app.testing = True
        yield server


def test_everybody_is_told_of_it_in_time(running, capsys):
    app = running.app
    client = app.test_client()
    told = client.post("/oauth/register", json=AGENT).json
    with app.app_context():
        key = db.session.scalar(select(Client.key).where(Client.client_id == told["client_id"]))
        at = clock.now()
        for start in range(0, _PEOPLE, _AT_ONCE):
            numbers = range(start, start + _AT_ONCE)
            people = [
                {"id": f"usr_{number:09}", "email": f"p{number}@example.com", "name": "P", "password_hash": "!"}
                for number in numbers
            ]
            db.session.execute(insert(User), people)
            consents = [
                {
                    "grant_id": f"grant_{number:09}",
                    "user_id": f"usr_{number:09}",
                    "client_key": key,
                    "stored_scope": "memories:read",
                    "names_profile": True,
                    "selection": "none",
                    "issued_at": at,
                    "updated_at": at,
                }
                for number in numbers
            ]
            db.session.execute(insert(Consent), consents)
        db.session.commit()
        db.session.remove()
    said = AGENT | {"client_id": told["client_id"], "client_name": "Claude Code 2"}
    path = told["registration_client_uri"].split(":8000", 1)[-1].removeprefix(running.url)
    began = time.monotonic()
    answer = client.put(path, json=said, headers={"Authorization": f"Bearer {told['registration_access_token']}"})
    took = time.monotonic() - began
    assert answer.status_code == 200, answer.text
    with capsys.disabled():
        print(f"\n{_PEOPLE} people were told in {took:.1f} s")
    with app.app_context():
        events = db.session.scalar(select(func.count()).where(ConsentEvent.kind == "changed"))
    assert events == _PEOPLE
    assert took < LONG_WORK_SECONDS
