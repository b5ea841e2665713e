"""Letters of real servers with several workers that are killed, beside a real mail server that is slow or away."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, update

from app import clock
from app.extensions import db
from app.mail.models import OutgoingMail, State
from app.mail.outbox import put_mail
from tests.fleet.processes import children_of
from tests.mail.servers import Behaviour, mail_server
from tests.ports import free_port
from tests.server import Server, running_server


def _put(server: Server, addresses: list[str]) -> None:
    with server.app.app_context():
        for address in addresses:
            put_mail(db.session, "trial", to=address)
        db.session.commit()


def _rows(server: Server) -> list[OutgoingMail]:
    with server.app.app_context():
        return list(db.session.scalars(select(OutgoingMail)))


def _let_time_pass(server: Server) -> None:
    """What waits, or belongs to a process that died, is due: as it is after a quarter of an hour."""
    with server.app.app_context():
        waits = OutgoingMail.next_at.is_not(None)
        db.session.execute(update(OutgoingMail).where(waits).values(next_at=clock.now() - timedelta(seconds=1)))
        db.session.commit()


def _wait_until(happened: Callable[[], bool], server: Server, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, server.log
        time.sleep(0.1)


def _is_nothing_on_its_way(server: Server) -> bool:
    return not any(row.claim and row.next_at for row in _rows(server))


def test_workers_that_are_killed_send_no_letter_twice_and_lose_none(each_database_url, tmp_path):
    behaviour, port = Behaviour(), free_port()
    behaviour.is_slow = 0.15
    addresses = [f"person{number}@example.com" for number in range(40)]
    with (
        mail_server(behaviour, port),
        running_server(each_database_url, tmp_path, SMTP_URL=f"smtp://127.0.0.1:{port}") as server,
    ):
        _put(server, addresses)
        for letters in (5, 12, 20):
            _wait_until(lambda letters=letters: len(behaviour.kept) >= letters, server)
            for worker in children_of(server.pid):
                os.kill(worker, signal.SIGKILL)
        # Leases of those that died run out within half a minute.
        _wait_until(lambda: sum(row.next_at is not None and not row.claim for row in _rows(server)) == 0, server, 150)
        time.sleep(2)
        _let_time_pass(server)
        _wait_until(lambda: all(row.next_at is None for row in _rows(server)), server, 150)
        states = {row.recipient: row.state for row in _rows(server)}
    arrived = Counter(behaviour.recipients)
    assert set(states) == set(addresses)
    assert max(arrived.values()) == 1
    assert {address for address, state in states.items() if state == State.SENT} <= set(arrived)
    # What is not known to have arrived says so; two send at a time, so of each killing two at most.
    rest = [state for state in states.values() if state != State.SENT]
    assert set(rest) <= {State.UNCERTAIN} and len(rest) <= 6


def test_a_server_that_comes_back_gets_every_letter_once(each_database_url, tmp_path):
    behaviour, port = Behaviour(), free_port()
    addresses = [f"person{number}@example.com" for number in range(25)]
    with running_server(each_database_url, tmp_path, SMTP_URL=f"smtp://127.0.0.1:{port}") as server:
        _put(server, addresses)
        _wait_until(lambda: any("refused" in row.says for row in _rows(server)), server)
        with mail_server(behaviour, port):
            _wait_until(lambda: _is_nothing_on_its_way(server), server)
            _let_time_pass(server)
            _wait_until(lambda: all(row.state == State.SENT for row in _rows(server)), server)
    assert sorted(behaviour.recipients) == sorted(addresses)
