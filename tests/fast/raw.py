"""From bytes, as they come over a connection, to what the server's worker makes of them."""

from functools import cache
from typing import Any

from gunicorn.config import Config
from gunicorn.http.wsgi import create

from app.worker.inbox import End, Inbox
from app.worker.refusals import LongRequest, find_status, make_refused
from app.worker.room import Room

_CLIENT, _SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 8000)


class _Line:
    """A connection that takes everything."""

    def sendall(self, data: bytes) -> None: ...

    def gettimeout(self) -> None:
        return None

    def settimeout(self, seconds: float | None) -> None: ...


def environ_of(raw: bytes) -> dict[str, Any]:
    """What the first request of these bytes becomes; for one that the worker refuses, the refusal that our app answers."""
    config = _configure()
    inbox = Inbox(Room())
    inbox.feed(raw)
    inbox.give_up(End.HUNG_UP)
    inbox.rewind()
    try:
        request = LongRequest(config, inbox, _CLIENT, 1)
        # Whoever waited for leave has it: the body is here.
        request._expected_100_continue = False
        return create(request, _Line(), _CLIENT, _SERVER, config)[1]
    except Exception as error:
        return make_refused(getattr(error, "began", b""), find_status(error))


@cache
def _configure() -> Config:
    config = Config()
    # As app.serving says, which is for a server alone: it reads the settings of its environment.
    config.set("http_parser", "python")
    return config
