"""Fetching a small document or image, mostly for a person who is signed in: who may, how many at once, and what is told of it."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy.orm import Session, scoped_session

from app import metrics
from app.config.chosen import Settings
from app.database.access import is_driver_writing, read_anew
from app.fetch.connecting import open_connection
from app.fetch.deadline import Deadline
from app.fetch.errors import FetchBusy, FetchFailed, Why
from app.fetch.exchange import get
from app.fetch.freshness import fresh_seconds
from app.fetch.kinds import LOGO, Kind
from app.fetch.lookups import Lookups
from app.fetch.network import Internet, Network
from app.fetch.target import Target, matches, read_target
from app.fetch.tls import TlsStream
from app.limits.counting import Limits
from app.strict_json import BadBody, parse_body

#: In all: looking the name up, connecting, and each byte of the answer.
SECONDS = 3.0
#: Of one process. A worker has more threads than this, so that the others go on.
MOST_AT_ONCE = 2
#: What may come beside twice the content: the host's certificates and headers.
_BYTES_BESIDE = 64 * 1024

_log = logging.getLogger(__name__)


class Fetched(Struct, frozen=True):
    """What was fetched: the bytes, and for how many seconds they may be used without asking again.

    ``seconds_left`` is what is left of the time that it had.
    """

    content: bytes
    fresh_seconds: int
    seconds_left: float


class FetchedObject(Struct, frozen=True):
    """One JSON object that was fetched, and for how many seconds it may be used without asking again.

    ``seconds_left`` is what is left of the time that it had.
    """

    members: dict[str, Any]
    fresh_seconds: int
    seconds_left: float


class Fetcher:
    """One for each app. Whoever has the app's services fetches with it; a test gives it another ``network``."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self.network: Network = Internet()
        self._limits = limits
        self._allowed, self._denied = settings.client_document_hosts, settings.client_document_hosts_denied
        self._own_host = urlsplit(settings.issuer).hostname or ""
        self._user_agent = f"Reliquary (+{settings.issuer})"
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._lookups = Lookups()

    def check(self, url: str, kind: Kind) -> None:
        """Ask nobody, and say what can be said of the address alone. Raises :class:`FetchFailed`."""
        self._read_target(url, kind)

    def fetch_object(
        self, session: Session | scoped_session[Any], url: str, kind: Kind, *, person: str
    ) -> FetchedObject:
        """Returns the JSON object at the address. Takes 3 seconds at most.

        ``person`` is the id of the user who is signed in, and waits. ``session`` is the one of this request: its
        transaction, which has only read, ends before anything is asked, so that no connection is held meanwhile. Raises
        :class:`FetchFailed`, :class:`FetchBusy` at once when others are under way,
        :class:`app.limits.errors.TooManyAttempts` when this person has asked too often.
        """
        with self._telling(kind):
            fetched = self._fetch_for_person(session, url, kind, person)
            members = _read_object(fetched.content, urlsplit(url).hostname or "")
            return FetchedObject(members, fetched.fresh_seconds, fetched.seconds_left)

    def fetch_logo(
        self, session: Session | scoped_session[Any], url: str, *, person: str, seconds: float | None = None
    ) -> Fetched:
        """Returns an image, fetched in the same way, as it came: draw it anew before anybody sees it.

        It has so many ``seconds``: what its document has left, when the person waits for both. Raises what
        :meth:`fetch_object` raises.
        """
        with self._telling(LOGO):
            return self._fetch_for_person(session, url, LOGO, person, seconds)

    def fetch_keys(self, url: str, kind: Kind, *, client_key: str) -> dict[str, Any]:
        """Returns the key set at the address of a client that people know. Takes 3 seconds at most.

        Nobody needs to be signed in: it is asked for when the client itself comes. Raises what :meth:`fetch_object` raises.
        """
        with self._telling(kind):
            target = self._read_target(url, kind)
            members = _read_object(self._fetch(target, kind, client_key).content, target.host)
            keys = members.get("keys")
            if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                # Whoever says sorry in JSON has taken no key back.
                raise FetchFailed(Why.BAD_JSON, target.host)
            return members

    def _fetch_for_person(
        self,
        session: Session | scoped_session[Any],
        url: str,
        kind: Kind,
        person: str,
        seconds: float | None = None,
    ) -> Fetched:
        if not person:
            raise RuntimeError("Nothing is fetched for somebody who is not signed in.")
        target = self._read_target(url, kind)
        read_anew(session)
        return self._fetch(target, kind, person, seconds)

    def _fetch(self, target: Target, kind: Kind, subject: str, seconds: float | None = None) -> Fetched:
        if is_driver_writing():
            raise RuntimeError("A transaction is open: whoever waits for it would wait for another host, too.")
        if not self._room.acquire(blocking=False):
            raise FetchBusy(target.host)
        try:
            self._limits.take(kind.limit, subject)
            return self._ask(target, kind, Deadline(SECONDS if seconds is None else min(seconds, SECONDS)))
        finally:
            self._room.release()

    def _read_target(self, url: str, kind: Kind) -> Target:
        target = read_target(url)
        if target.host == self._own_host:
            raise FetchFailed(Why.OWN_HOST, target.host)
        is_allowed = not self._allowed or not kind.obeys_allowed or matches(target.host, self._allowed)
        if not is_allowed or matches(target.host, self._denied):
            raise FetchFailed(Why.HOST_NOT_ALLOWED, target.host)
        return target

    def _ask(self, target: Target, kind: Kind, deadline: Deadline) -> Fetched:
        with open_connection(self.network, self._lookups, target.host, deadline) as connection:
            most_bytes = _BYTES_BESIDE + 2 * kind.most_bytes
            stream = TlsStream(connection, self.network.tls, target.host, deadline, most_bytes)
            content, headers = get(stream, target, kind, self._user_agent)
            return Fetched(content, fresh_seconds(headers), deadline.seconds_left)

    @contextmanager
    def _telling(self, kind: Kind) -> Iterator[None]:
        """Count what comes of it, and write down what went wrong: the host, and nothing else of what a stranger chose."""
        try:
            yield
        except FetchFailed as failed:
            metrics.FETCHES.inc(kind.name, failed.why)
            if isinstance(failed, FetchBusy):
                # Nobody was asked, and whoever goes on knocking would fill the log.
                raise
            detail = f" ({failed.detail})" if failed.detail else ""
            _log.info("No %s was fetched from %s: %s%s", kind.name, failed.host or "an address", failed.why, detail)
            raise
        metrics.FETCHES.inc(kind.name, "fetched")


def _read_object(content: bytes, host: str) -> dict[str, Any]:
    try:
        members = parse_body(content)
        # Half a character is no text that could be kept. What is nested too deeply to be written was read by luck.
        json.dumps(members, ensure_ascii=False).encode()
    except (BadBody, UnicodeEncodeError, RecursionError):
        raise FetchFailed(Why.BAD_JSON, host) from None
    if not isinstance(members, dict):
        raise FetchFailed(Why.BAD_JSON, host)
    return members
