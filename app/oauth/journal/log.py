"""The last authorize and token requests of each client: noted while they are answered, written down a little later.

Nothing is noted for a client that does not exist. However many requests come, a client's notes and its records are
bounded, failures and successes each for themselves, so that neither pushes out the other.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, or_, select

from app import clock
from app.clients.models import DYNAMIC, Client, ClientSecret, ClientSnapshot
from app.database.locks import to_change
from app.notes import Notes, WriteBehind
from app.oauth.journal.record import AUTHORIZE, OTHER_DOORS, RequestRecord
from app.oauth.journal.shown_parameters import has_user_name, shown_grant_type, shown_scope, shown_uri
from app.oauth.refusals import Reason, Refused
from app.oauth.wire_request import WireRequest
from app.sentences import _
from app.services import Services

#: How many of each a client keeps, and how long.
MOST_FAILURES, MOST_SUCCESSES = 200, 50
#: The same of a client that registered itself: whoever wants to fill our disk could make thousands of those.
MOST_OF_DYNAMIC = 20, 5
KEPT_FOR = timedelta(days=30)
#: The detail of an address that is shown without what stood before its host.
USER_NAME = _("A user name or password stood before its host, which is not kept.")
# So many notes wait at most, of all clients together.
_MOST_NOTES = 5_000
# Of what was sent, so that a note is small.
_MOST_CHARACTERS = 2_000
_MOST_OF_DETAIL = 200


class _Note(Struct):
    """One request as it came: what may not be kept is taken out before it is written down.

    ``registered`` are the client's redirect URIs, ``secret_digest`` is of a secret that was refused.
    """

    # Shows none of its values.
    __repr__ = object.__repr__

    at: datetime
    endpoint: str
    grant_type: str | None
    redirect_uri: str
    scope: str
    registered: Sequence[str]
    request_id: str
    error: str | None = None
    reason: Reason | None = None
    expected_uri: str = ""
    detail: str = ""
    secret_digest: str | None = None


class _Notes(Struct):
    """What is noted of one client."""

    failures: deque[_Note]
    successes: deque[_Note]

    @classmethod
    def none(cls) -> "_Notes":
        return cls(deque(maxlen=MOST_FAILURES), deque(maxlen=MOST_SUCCESSES))

    def __len__(self) -> int:
        return len(self.failures) + len(self.successes)


class RequestLog(WriteBehind):
    """What one process has noted and not yet written down."""

    name = "request-log"
    subject = "The requests of apps"

    def __init__(self, engine: Engine, among: Notes) -> None:
        super().__init__(engine, among)
        self._notes: dict[str, _Notes] = {}
        self._count = 0

    def note(self, client_key: str, note: _Note) -> None:
        with self.lock:
            notes = self._notes.get(client_key)
            if notes is None:
                notes = self._notes[client_key] = _Notes.none()
            one_kind = notes.successes if note.error is None else notes.failures
            self._count += one_kind.maxlen is None or len(one_kind) < one_kind.maxlen
            one_kind.append(note)
            if self._count > _MOST_NOTES:
                # Those of whichever client was noted first; it had the longest time to be written down.
                self._count -= len(self._notes.pop(next(iter(self._notes))))
        self.wake()

    def has_enough_successes(self, client_key: str) -> bool:
        """Returns whether as many wait as are kept; without the lock, since one more or less does not matter."""
        notes = self._notes.get(client_key)
        return notes is not None and len(notes.successes) >= MOST_SUCCESSES

    def count(self) -> int:
        return self._count

    def _take(self) -> dict[str, _Notes]:
        notes, self._notes, self._count = self._notes, {}, 0
        return notes

    def _write(self, notes: dict[str, _Notes]) -> None:
        _write(self.engine, notes)

    def _put_back(self, notes: dict[str, _Notes]) -> None:
        for client_key, since in self._notes.items():
            before = notes.setdefault(client_key, _Notes.none())
            before.failures.extend(since.failures)
            before.successes.extend(since.successes)
        self._notes, self._count = notes, sum(map(len, notes.values()))


def keep_requests(services: Services) -> None:
    """Give an app its log."""
    RequestLog(services.engine, services.notes)


def note_success(request: WireRequest, endpoint: str) -> None:
    """Note that a request got what it asked for. Only the first few between two writes are kept, to keep this cheap."""
    client = request.known_client
    log = request.services.notes.of(RequestLog)
    if not log.has_enough_successes(client.key):
        log.note(client.key, _take_note(client, endpoint, request))


def note_refusal(
    request: WireRequest,
    endpoint: str,
    client: ClientSnapshot | None,
    refused: Refused,
    *,
    error: str | None = None,
) -> None:
    """Note that a request of the client was refused; nothing when there is no such client.

    ``error`` is what the client was told, where that is not the error of the refusal.
    """
    if client is None:
        return
    row = refused.row
    note = _take_note(
        client,
        endpoint,
        request,
        error or refused.error,
        row.kept_as or refused.reason,
        refused.expected_uri,
        refused.description if row.keeps_detail else "",
        refused.secret_digest,
    )
    request.services.notes.of(RequestLog).note(client.key, note)


def _take_note(client: ClientSnapshot, endpoint: str, request: WireRequest, *why: Any) -> _Note:
    parameters = request.form
    return _Note(
        clock.now(),
        endpoint,
        parameters.get("grant_type"),
        parameters.get("redirect_uri", "")[:_MOST_CHARACTERS],
        parameters.get("scope", "")[:_MOST_CHARACTERS],
        client.redirect_uris,
        request.request_id,
        *why,
    )


# -- writing down --------------------------------------------------------------------------------


def _write(engine: Engine, notes: dict[str, _Notes]) -> None:
    with engine.begin() as connection:
        # In one order in all processes, so that none waits for another in a circle.
        for client_key in sorted(notes):
            _write_of_client(connection, client_key, notes[client_key])


def _write_of_client(connection: Connection, client_key: str, notes: _Notes) -> None:
    # Locked, but not against new tokens, so that two processes do not cut the same records off at once.
    locked = to_change(
        select(Client.drafted_at, Client.origin).where(Client.key == client_key, Client.ended_at.is_(None))
    )
    client = connection.execute(locked).first()
    if client is None:
        return
    is_draft = client.drafted_at is not None
    ended = _find_ended_secrets(connection, client_key, notes.failures)
    written = sorted([*notes.failures, *notes.successes], key=lambda note: note.at)
    connection.execute(
        insert(RequestRecord), [_row(client_key, note, _settle(note, is_draft, ended)) for note in written]
    )
    failures, successes = MOST_OF_DYNAMIC if client.origin == DYNAMIC else (MOST_FAILURES, MOST_SUCCESSES)
    _cut_off(connection, client_key, RequestRecord.error.is_not(None), failures)
    _cut_off(connection, client_key, RequestRecord.error.is_(None), successes)


def _find_ended_secrets(connection: Connection, client_key: str, failures: deque[_Note]) -> set[str]:
    """The refused secrets that once were the client's: their digests."""
    refused = {note.secret_digest for note in failures} - {None}
    if not refused:
        return set()
    own = select(ClientSecret.digest).where(ClientSecret.client_key == client_key, ClientSecret.digest.in_(refused))
    return set(connection.scalars(own))


def _settle(note: _Note, is_draft: bool, ended_secrets: set[str]) -> Reason | None:
    """The reason, told more finely where the answer's path had no time to look."""
    if note.reason is Reason.CLIENT_SUSPENDED and is_draft:
        return Reason.CLIENT_DRAFT
    if note.reason is Reason.SECRET_WRONG and note.secret_digest in ended_secrets:
        return Reason.SECRET_ENDED
    return note.reason


def _row(client_key: str, note: _Note, reason: Reason | None) -> dict[str, Any]:
    return {
        # The column's name in the database.
        "client_id": client_key,
        "at": note.at,
        "endpoint": AUTHORIZE if note.endpoint in OTHER_DOORS else note.endpoint,
        "door": note.endpoint if note.endpoint in OTHER_DOORS else None,
        "error": note.error,
        "reason": None if reason is None else reason.value,
        "grant_type": shown_grant_type(note.grant_type),
        "redirect_uri": shown_uri(note.redirect_uri, [*note.registered, client_key]),
        "expected_uri": note.expected_uri,
        "scope": shown_scope(note.scope),
        "detail": (note.detail or _tell_left_out(note, reason))[:_MOST_OF_DETAIL],
        "request_id": note.request_id,
    }


def _tell_left_out(note: _Note, reason: Reason | None) -> str:
    """What the address that is shown does not tell, although it was refused for it."""
    return USER_NAME if reason is Reason.REDIRECT_URI_MISMATCH and has_user_name(note.redirect_uri) else ""


def _cut_off(connection: Connection, client_key: str, is_of_kind: ColumnElement[bool], most: int) -> None:
    of_kind = (RequestRecord.client_key == client_key, is_of_kind)
    surplus = (
        select(RequestRecord.id).where(*of_kind).order_by(RequestRecord.at.desc(), RequestRecord.id.desc()).offset(most)
    )
    connection.execute(
        delete(RequestRecord).where(
            *of_kind, or_(RequestRecord.id.in_(surplus), RequestRecord.at <= clock.now() - KEPT_FOR)
        )
    )
