"""Seeing to it that what is kept of a document is what the document says, while a signed-in person waits.

* What is fresh is used as it is: nothing is asked.
* A document that is gone (404, 410) withdraws its client at once; when it is back, so is the client.
* While its host cannot be reached, or has a problem of its own, the last good one serves for a day. So it does when too
  many others are being fetched, or this person has asked for too many.
* Any other answer, and a document that says what it must not, stops the request. Nothing of it is kept, and what was
  kept before stays as it was: what people have allowed goes on.
* A client that an operator has suspended stays so, whatever its document says: it is not even fetched.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from app import clock
from app.clients.documents.address import find_address_problem
from app.clients.documents.errors import DocumentProblem, Trouble
from app.clients.documents.kept import AnySession, Kept, Logo, find_kept, keep_document, put_off, withdraw
from app.clients.documents.reading import Reading, read_document
from app.clients.errors import ClientError
from app.clients.logos import draw_logo
from app.clients.models import DOCUMENT
from app.fetch import DOCUMENT as DOCUMENTS
from app.fetch import FetchBusy, FetchFailed, Why
from app.limits.errors import TooManyAttempts
from app.sentences import sentence_of
from app.services import Services

#: How often a logo is looked at anew whose address has stayed the same.
_LOGO_LASTS = timedelta(days=1)


class Finding(Struct, frozen=True):
    """What came of it: what is to be written, if anything, and a problem that stops the request all the same."""

    write: Callable[[AnySession], None] | None = None
    problem: DocumentProblem | None = None


def check_address(services: Services, url: str) -> None:
    """Ask nobody. Raises :class:`DocumentProblem` where the address can have no document that we would read."""
    problem = find_address_problem(url)
    if problem is not None:
        raise DocumentProblem(Trouble.ADDRESS, problem)
    try:
        services.fetcher.check(url, DOCUMENTS)
    except FetchFailed as failed:
        trouble = Trouble.DENIED if failed.why is Why.HOST_NOT_ALLOWED else Trouble.ADDRESS
        raise DocumentProblem(trouble, failed.sentence) from None


def is_host_allowed(services: Services, url: str) -> bool:
    """Returns whether the operator lets in apps whose document lies on that host."""
    try:
        check_address(services, url)
    except DocumentProblem as problem:
        return problem.trouble is not Trouble.DENIED
    return True


def is_fresh(session: AnySession, url: str) -> bool:
    """Returns whether the client at this address is known as its document says now, so that nothing needs to be asked."""
    kept = find_kept(session, url)
    return kept is not None and _needs_nothing(kept)


def look_up_document(session: AnySession, services: Services, url: str, *, person: str) -> Finding:
    """Returns what the document at the address says now, and asks its host where that is not known. Writes nothing.

    Takes some seconds at most, and holds no connection to the database meanwhile. ``person`` is the id of the user who
    is signed in, and waits. Raises :class:`DocumentProblem` where there is nothing to write.
    """
    check_address(services, url)
    kept = find_kept(session, url)
    if kept is not None and _needs_nothing(kept):
        return Finding()
    read_at = clock.now()
    try:
        fetched = services.fetcher.fetch_object(session, url, DOCUMENTS, person=person)
    except FetchFailed as failed:
        return _go_on_without(url, kept, failed, read_at)
    except TooManyAttempts as error:
        if kept is not None and kept.serves():
            return Finding()
        raise DocumentProblem(Trouble.TOO_MANY, sentence_of(error), error.seconds) from None
    reading = read_document(services.settings, url, fetched.members)
    logo = _look_at_logo(session, services, reading, kept, person=person, seconds=fetched.seconds_left)
    seconds = fetched.fresh_seconds
    return Finding(partial(keep_document, url=url, reading=reading, read_at=read_at, fresh_seconds=seconds, logo=logo))


def _needs_nothing(kept: Kept) -> bool:
    return kept.origin != DOCUMENT or kept.is_fresh() or (kept.is_suspended and kept.ended_at is None)


def _go_on_without(url: str, kept: Kept | None, failed: FetchFailed, read_at: datetime) -> Finding:
    """Go on with the last good document, where it serves. Raises :class:`DocumentProblem` where it does not."""
    if kept is not None and failed.is_passing and kept.serves():
        return Finding() if isinstance(failed, FetchBusy) else Finding(partial(put_off, url=url))
    if failed.is_gone and kept is not None and kept.ended_at is None:
        problem = DocumentProblem(Trouble.WITHDRAWN, failed.sentence)
        return Finding(partial(withdraw, url=url, read_at=read_at), problem)
    if isinstance(failed, FetchBusy):
        raise DocumentProblem(Trouble.BUSY, failed.sentence, failed.retry_after)
    raise DocumentProblem(Trouble.UNREAD, failed.sentence)


def _look_at_logo(
    session: AnySession, services: Services, reading: Reading, kept: Kept | None, *, person: str, seconds: float
) -> Logo | None:
    """Returns what became of the logo; None where that of before stays. A client does without one.

    It has the ``seconds`` that the document has left, for the person waits for both.
    """
    at = clock.now()
    if not reading.logo_uri:
        return Logo(None, at)
    is_same = kept is not None and kept.ended_at is None and kept.logo_uri == reading.logo_uri
    if is_same and kept is not None and kept.logo_read_at is not None and kept.logo_read_at > at - _LOGO_LASTS:
        return None
    try:
        fetched = services.fetcher.fetch_logo(session, reading.logo_uri, person=person, seconds=seconds)
        return Logo(draw_logo(fetched.content), at)
    except FetchFailed as failed:
        if not failed.is_passing:
            return Logo(None, at)
    except TooManyAttempts:
        pass
    except ClientError:
        return Logo(None, at)
    # Another time, as soon as the document is read again.
    return None if is_same else Logo(None, None)
