"""Callers that ask a server again and again from outside, and write down what they were told and how long it took."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Told:
    """One answer. ``status`` is 0 when there was none."""

    what: str
    began: float
    seconds: float
    status: int
    retry_after: str | None
    body: bytes

    @property
    def ended(self) -> float:
        return self.began + self.seconds


@dataclass(frozen=True)
class Ask:
    """What is asked."""

    what: str
    method: str
    path: str
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def ask(url: str, what: Ask, timeout: float = 60) -> Told:
    """Ask once, on a connection of its own."""
    began = time.monotonic()
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname, address.port, timeout=timeout)
    try:
        connection.request(what.method, what.path, what.body, what.headers)
        answer = connection.getresponse()
        status, body, retry_after = answer.status, answer.read(), answer.getheader("Retry-After")
    except (OSError, HTTPException) as error:
        status, body, retry_after = 0, repr(error).encode(), None
    finally:
        connection.close()
    return Told(what.what, began, time.monotonic() - began, status, retry_after, body)


@contextmanager
def asking(url: str, *asks: Ask, pause: float = 0.05) -> Iterator[list[Told]]:
    """Ask each of these again and again, each in a thread, for the length of a ``with`` block. The list grows meanwhile."""
    told: list[Told] = []
    over = threading.Event()

    def go_on(what: Ask) -> None:
        while not over.wait(pause):
            told.append(ask(url, what))

    threads = [threading.Thread(target=go_on, args=(what,), daemon=True) for what in asks]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join(90)


def all_at_once(url: str, asks: list[Ask]) -> list[Told]:
    """Ask all of these at the same moment; the answers in order."""
    told: list[Told | None] = [None] * len(asks)
    together = threading.Barrier(len(asks))

    def go(index: int) -> None:
        together.wait(30)
        told[index] = ask(url, asks[index])

    threads = [threading.Thread(target=go, args=(index,), daemon=True) for index in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return [one for one in told if one is not None]


def wait_until_served(url: str, what: Ask, seconds: float = 30) -> float:
    """Ask until it is answered with 200; how long that took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if ask(url, what).status == 200:
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError(f"{what.what} is not served again within {seconds} seconds.")


def token_request(client_id: str, client_secret: str) -> Ask:
    """A client credentials request."""
    credentials = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {credentials}"}
    return Ask("token", "POST", "/oauth/token", "grant_type=client_credentials", headers)


def me_request(token: str) -> Ask:
    """A call of the resource API."""
    return Ask("me", "GET", "/api/me/", None, {"Authorization": f"Bearer {token}"})


def token_of(told: Told) -> str:
    """The access token of an answer."""
    return json.loads(told.body)["access_token"]


HEALTH = Ask("healthz", "GET", "/healthz")
READY = Ask("readyz", "GET", "/readyz")


def figures(told: list[Told]) -> str:
    """What was told how often, and the longest wait of each kind, in a line."""
    found: dict[tuple[str, int], list[float]] = {}
    for one in told:
        found.setdefault((one.what, one.status), []).append(one.seconds)
    return ", ".join(
        f"{what} {status}: {len(seconds)} (longest {max(seconds):.2f} s)"
        for (what, status), seconds in sorted(found.items())
    )
