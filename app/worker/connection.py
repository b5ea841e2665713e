"""A connection, what it is at, and how long it may be; and all connections of one port."""

import time
from concurrent.futures import Executor
from enum import Enum
from itertools import islice
from selectors import BaseSelector
from socket import socket
from typing import TYPE_CHECKING, Any

from app.worker.bounds import (
    ANSWERS_ON_DISK,
    HEAD_SECONDS,
    LINGER_SECONDS,
    LINGER_SILENCE,
    allowed_seconds,
)
from app.worker.inbox import Inbox
from app.worker.outbox import Outbox
from app.worker.room import Room

if TYPE_CHECKING:
    from app.worker.plain import PlainReader

# Seconds after which a connection may be called slow, and how many of the oldest are looked at.
_A_WHILE, _LOOKED_AT = 1.0, 32
_A_MOMENT = 0.001


class Stage(Enum):
    """What a connection is at."""

    #: Its last answer is said; what still comes is not wanted.
    LINGERING = "lingering"
    #: The head of a request is to come.
    HEAD = "head"
    #: Between two requests.
    IDLE = "idle"
    #: What was answered is still being read by the other side.
    SENDING = "sending"
    #: The body of a request is to come.
    BODY = "body"
    #: A thread answers it.
    ANSWERING = "answering"

    #: Each is one object; Enum's own looks at its name, and every request asks for it many times.
    __hash__ = object.__hash__


class Connection:
    """What gunicorn calls ``conn``: ``sock``, ``client`` and ``server`` are for it to read."""

    def __init__(self, raw: socket, client: Any, server: Any, crowd: "Crowd", room: Room) -> None:
        self.raw = raw
        self.sock = Outbox(raw, crowd.wsgi, crowd.answers)
        self.client = client
        self.server = server
        self.crowd = crowd
        self.room = room
        self.inbox = Inbox(room)
        #: What is the same in each of its requests, once one was plain.
        self.environ: dict[str, Any] | None = None
        #: Which request of this connection it is.
        self.count = 0
        #: Whether another request may come after this one.
        self.stays_open = False
        #: For what the loop looks out; 0 for nothing.
        self.watched = 0
        self.stage: Stage | None = None
        self.since = 0.0
        self.last_heard = 0.0
        self._sent_before = 0

    def enter(self, stage: Stage | None) -> None:
        """Be at something else from now on; None for its end."""
        if self.stage is not None:
            del self.crowd.stages[self.stage][self]
        self.stage = stage
        self.since = self.last_heard = time.monotonic()
        self._sent_before = self.sock.sent
        if stage is not None:
            self.crowd.stages[stage][self] = None

    def give_back(self) -> None:
        """Give back what of it lies on disk; no thread is at it any more."""
        self.inbox.close()
        self.sock.drop()

    def watch(self, poller: BaseSelector, events: int) -> None:
        """Let the poller look out for this; 0 for nothing."""
        if events == self.watched:
            return
        if not events:
            poller.unregister(self.raw)
        elif self.watched:
            poller.modify(self.raw, events, self)
        else:
            poller.register(self.raw, events, self)
        self.watched = events

    def deadline(self, keepalive: float) -> float:
        """Returns until when it may be at this."""
        match self.stage:
            case Stage.HEAD:
                return self.since + HEAD_SECONDS
            case Stage.BODY:
                return self.since + allowed_seconds(self.inbox.size)
            case Stage.SENDING:
                return self.since + allowed_seconds(self.sock.sent - self._sent_before)
            case Stage.LINGERING:
                return min(self.last_heard + LINGER_SILENCE, self.since + LINGER_SECONDS)
            case Stage.IDLE:
                return self.since + keepalive
        return float("inf")


class Crowd:
    """The connections of one port, and the threads that answer there."""

    def __init__(self, pool: Executor, most: int, wsgi: Any) -> None:
        self.pool = pool
        self.most = most
        self.wsgi = wsgi
        #: Where answers wait that somebody reads slowly.
        self.answers = Room(ANSWERS_ON_DISK)
        #: Reads what the loop answers by itself; None where that is nothing.
        self.reader: PlainReader | None = None
        self.stages: dict[Stage, dict[Connection, None]] = {stage: {} for stage in Stage}

    @property
    def count(self) -> int:
        """How many connections there are."""
        return sum(map(len, self.stages.values()))

    def at(self, *stages: Stage) -> list[Connection]:
        """Returns those that are at one of these, the oldest of each first."""
        return [connection for stage in stages for connection in self.stages[stage]]

    def find_slowest_body(self, asker: object) -> Connection | None:
        """Returns the one whose body has come slowest of those that lie on disk, or whose inbox asks for room."""
        now = time.monotonic()
        bodies = [one for one in self.stages[Stage.BODY] if one.inbox.takes_room or one.inbox is asker]
        return min(bodies, key=lambda one: one.inbox.size / max(now - one.since, _A_MOMENT), default=None)

    def find_dispensable(self) -> Connection | None:
        """Returns the one to close when there are too many; None when each is being answered.

        First one of those that have been saying something for a while, and the least of all.
        """
        before = time.monotonic() - _A_WHILE
        talking = [one for stage in (Stage.HEAD, Stage.BODY) for one in islice(self.stages[stage], _LOOKED_AT)]
        slow = [one for one in talking if one.since < before]
        if slow:
            return min(slow, key=lambda one: one.inbox.size / (time.monotonic() - one.since))
        stages = (Stage.LINGERING, Stage.IDLE, Stage.HEAD, Stage.SENDING, Stage.BODY)
        return next((one for stage in stages for one in self.stages[stage]), None)
