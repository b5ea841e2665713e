"""Whether the process is up, and whether the database answers: for load balancers and supervisors."""

import logging

from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from app.database.schema import find_schema_problem, read_revisions
from app.database.unavailable import RETRY_AFTER, find_unavailability
from app.http.direct.call import Call, Row, both_spellings
from app.http.direct.written import Written, dump_document, write_ready
from app.http.doors import PROBE
from app.http.routes import Blueprint
from app.http.wire import JsonAnswer, current_call

blueprint = Blueprint("health", __name__, door=PROBE)

_WELL = dump_document({"status": "ok"})

_log = logging.getLogger(__name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 as long as this process answers at all."""
    return JsonAnswer(_tell_health(current_call()))


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when the database answers and has our schema, else 503 and why: send the next request elsewhere."""
    return JsonAnswer(_tell_readiness(current_call()))


def _tell_health(call: Call) -> Written:
    return write_ready(_WELL, 200, (), call.request_id)


def _tell_readiness(call: Call) -> Written:
    problem = find_unready(call.services.engine)
    if problem is None:
        return write_ready(_WELL, 200, (), call.request_id)
    body = dump_document({"status": "unavailable", "reason": problem})
    return write_ready(body, 503, [("Retry-After", str(RETRY_AFTER))], call.request_id)


DIRECT = (
    Row("GET", both_spellings("/healthz"), "/healthz", PROBE, _tell_health),
    Row("GET", both_spellings("/readyz"), "/readyz", PROBE, _tell_readiness),
)


def find_unready(engine: Engine) -> str | None:
    """Returns what keeps this process from serving, in words that anybody may read; None when nothing does.

    It is logged here. What is asked is one statement, so it is asked each time.
    """
    if _Stop.has_begun:
        return "it is stopping"
    try:
        problem = find_schema_problem(engine, read_revisions())
    # Whatever went wrong, and drivers have errors of their own: not ready.
    except Exception as error:
        _log.error("The database does not answer: %s", error)
        return f"the database is {find_unavailability(error) or 'broken'}"
    if problem is not None:
        _log.error("The database has no schema that this version works on; run flask db upgrade: it is %s", problem)
        return f"the schema of the database is {problem}"
    return None


def begin_stop() -> None:
    """From here on this process says that it is not ready. Called from a signal handler, so it takes no lock."""
    _Stop.has_begun = True


class _Stop:
    has_begun = False
