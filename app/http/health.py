"""Whether the process is up, and whether the database answers: for load balancers and supervisors."""

import logging

from flask import jsonify
from flask.typing import ResponseReturnValue

from app.database.schema import find_schema_problem, read_revisions
from app.database.unavailable import RETRY_AFTER, find_unavailability
from app.extensions import db
from app.http.doors import PROBE
from app.http.routes import Blueprint

blueprint = Blueprint("health", __name__, door=PROBE)

_log = logging.getLogger(__name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 as long as this process answers at all."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when the database answers and has our schema, else 503 and why: send the next request elsewhere."""
    problem = find_unready()
    if problem is not None:
        return jsonify(status="unavailable", reason=problem), 503, {"Retry-After": str(RETRY_AFTER)}
    return jsonify(status="ok")


def find_unready() -> str | None:
    """Returns what keeps the current app from serving, in words that anybody may read; None when nothing does.

    It is logged here. What is asked is one statement, so it is asked each time.
    """
    if _Stop.has_begun:
        return "it is stopping"
    try:
        problem = find_schema_problem(db.engine, read_revisions())
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
