"""Apps whose client id is the address of a document: who they are is found out before anything else is decided.

While nobody has signed in, nothing is fetched and no row is made: a request of an app that is not known yet travels
along through the sign-in. The steps of a waiting request look again, where what is known has become old.
"""

import logging
from collections.abc import Callable
from typing import Any

from flask import Response, make_response
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from app import metrics
from app.clients.documents.address import looks_like_address
from app.clients.documents.errors import DocumentProblem, Trouble
from app.clients.documents.kept import AnySession
from app.clients.documents.refreshing import check_address, is_fresh, look_up_document
from app.clients.models import find_client
from app.clients.redirect_uris import host_of
from app.database.access import expect_writes, read_anew
from app.database.connections import connect
from app.extensions import db
from app.http.services import services
from app.oauth.endpoints.error_pages import no_way_back_page
from app.oauth.endpoints.requests import authorization_request
from app.oauth.journal.log import note_refusal
from app.oauth.journal.record import AUTHORIZE, ERROR_PAGE
from app.oauth.parameters import Parameters
from app.oauth.refusals import Reason, Refused, refuse
from app.text import in_ascii

_log = logging.getLogger(__name__)

# Two may bring one new document at the same moment; then the second finds what the first has made.
_MOST_TRIES = 3
_AGAIN = (Trouble.BUSY, Trouble.TOO_MANY, Trouble.UNREAD)


def is_of_document(parameters: Parameters) -> bool:
    """Returns whether the app of a request says who it is by the address of a document."""
    return looks_like_address(parameters.values.get("client_id", ""))


def is_known_already(client_id: str) -> bool:
    """Returns whether the app at this address is known as well as a document could tell, so that nothing needs to be asked."""
    return is_fresh(db.session, client_id)


def find_out(parameters: Parameters, *, again: str) -> Response | None:
    """Have the app of a request known as its document says. Returns the page that says why it cannot be; else None.

    Nothing is fetched unless somebody is signed in. ``again`` is where the person can try once more.
    """
    client_id = parameters.values["client_id"]
    try:
        if current_user.is_authenticated:
            _look_up(client_id)
        else:
            check_address(services(), client_id)
    except DocumentProblem as problem:
        if problem.trouble is Trouble.CONTENT:
            # What is not fetched is told by whoever fetches. Nothing that the document says is.
            _log.info("A document of %s cannot be used", host_of(client_id))
        return _refuse(parameters, _refusal_of(problem, client_id, again))
    return None


def _look_up(client_id: str) -> None:
    """Raises :class:`DocumentProblem`."""
    finding = look_up_document(db.session, services(), client_id, person=current_user.id)
    if finding.write is not None:
        _write_down(finding.write)
    if finding.problem is not None:
        raise finding.problem


def _write_down(write: Callable[[AnySession], None]) -> None:
    """In a transaction of its own, before the request goes on. Raises ``IntegrityError``."""
    read_anew(db.session)
    for tries_left in reversed(range(_MOST_TRIES)):
        with expect_writes():
            try:
                write(db.session)
                db.session.commit()
                return
            except IntegrityError:
                db.session.rollback()
                if not tries_left:
                    raise
            except BaseException:
                db.session.rollback()
                raise


def _refuse(parameters: Parameters, refused: Refused) -> Response:
    with connect(db.engine) as connection:
        request = authorization_request(connection, parameters)
        client = find_client(connection, parameters.values["client_id"])
        metrics.REFUSED.inc(AUTHORIZE, refused.reason)
        note_refusal(request, AUTHORIZE, client, refused, error=ERROR_PAGE)
    response = make_response(no_way_back_page(refused))
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _refusal_of(problem: DocumentProblem, client_id: str, again: str) -> Refused:
    more: dict[str, Any] = {"detail": in_ascii(problem.detail), "told": problem.detail, "host": host_of(client_id)}
    if problem.seconds is not None:
        more["seconds"] = problem.seconds
    if problem.trouble in _AGAIN:
        more["again"] = again
    reasons = {
        Trouble.ADDRESS: Reason.DOCUMENT_ADDRESS,
        Trouble.DENIED: Reason.DOCUMENT_DENIED,
        Trouble.UNREAD: Reason.DOCUMENT_UNREAD,
        Trouble.WITHDRAWN: Reason.DOCUMENT_WITHDRAWN,
        Trouble.CONTENT: Reason.DOCUMENT_REFUSED,
        Trouble.BUSY: Reason.DOCUMENT_BUSY,
        Trouble.TOO_MANY: Reason.DOCUMENT_TOO_MANY,
    }
    return refuse(reasons[problem.trouble], **more)
