"""Several acts in one thread, each of which runs until it asks for something, and then the next one does."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from threading import local
from time import monotonic

from greenlet import getcurrent, greenlet
from sqlalchemy import Engine

from app.database.connections import connect_as
from app.database.patience import FREE_SECONDS, Patience, find_patience, set_patience
from app.database.side_by_side.aside import join_others
from app.database.side_by_side.connection import CannotShare, SharedConnection
from app.database.statements.prepared import Answer, Question
from app.database.statements.wire import Wire


class SideBySide:
    """Answers side by side what comes to one process at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._can_share = True

    def run(self, acts: Sequence[Callable[[], None]]) -> Iterator[None]:
        """Call all of them, none of which may raise anything. It yields before each that goes on alone."""
        if self._can_share:
            yield from _Group(self._ask_all).run(acts)
            return
        for number, act in enumerate(acts):
            if number:
                yield
            act()

    def _ask_all(self, questions: Sequence[Question]) -> None:
        try:
            with connect_as(SharedConnection, self._engine) as connection:
                connection.ask_all(questions)
        except CannotShare:
            self._can_share = False
        except Exception as error:
            for question in questions:
                question.fail(error)


class _Members(local):
    """Greenlets of this thread that wait for something to do. To make one takes longer than most of what one does."""

    def __init__(self) -> None:
        self._idle: list[greenlet] = []

    def take(self) -> greenlet:
        """Returns one that does what it is switched to with, and then switches back to where this is called."""
        hub = getcurrent()
        if self._idle:
            member = self._idle.pop()
            member.parent = hub
        else:
            member = greenlet(self._work, hub)
            member.switch()
        return member

    def _work(self) -> None:
        member = getcurrent()
        while True:
            act = member.parent.switch()
            act()
            self._idle.append(member)


class _Group:
    def __init__(self, ask_all: Callable[[Sequence[Question]], None]) -> None:
        self._ask_all = ask_all
        self._hub = getcurrent()
        self._asked: list[tuple[greenlet, Question, Patience | None]] = []
        self._aside: deque[greenlet] = deque()

    def run(self, acts: Sequence[Callable[[], None]]) -> Iterator[None]:
        context = copy_context()
        context.run(join_others, self)
        for act in acts:
            member = _members.take()
            member.gr_context = context.copy()
            member.switch(act)
        while self._asked or self._aside:
            if self._asked:
                self._answer()
            else:
                yield
                self._aside.popleft().switch()

    def ask(self, wire: Wire, values: Sequence[bytes | None], *, writes: bool) -> Answer | None:
        question = Question(wire, values, writes)
        self._asked.append((getcurrent(), question, find_patience()))
        self._wait()
        if question.error is not None:
            raise question.error
        return question.answer

    def wait_for_others(self) -> None:
        self._aside.append(getcurrent())
        self._wait()

    def _wait(self) -> None:
        """Let the others go on, until it is one's turn again."""
        began = monotonic()
        self._hub.switch()
        waited, patience = monotonic() - began, find_patience()
        if patience is not None and waited > FREE_SECONDS:
            patience.left -= waited

    def _answer(self) -> None:
        """Ask what all wait for, in nobody's own context, and let them go on."""
        asked, self._asked = self._asked, []
        least = min((patience.left for _, _, patience in asked if patience is not None), default=None)
        copy_context().run(self._ask, [question for _, question, _ in asked], least)
        for member, _, _ in asked:
            member.switch()

    def _ask(self, questions: Sequence[Question], patience: float | None) -> None:
        set_patience(patience)
        self._ask_all(questions)


_members = _Members()
