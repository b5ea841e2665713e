"""Whether the process is up, and whether the database answers: for load balancers and supervisors."""

import logging

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import literal, select

from app.database.connections import connect
from app.database.statements import Statement
from app.extensions import db
from app.http.doors import PROBE
from app.http.routes import Blueprint

blueprint = Blueprint("health", __name__, door=PROBE)

_log = logging.getLogger(__name__)
_PING = Statement(select(literal(1).label("answer")))


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 as long as this process answers at all."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when the database answers, else 503: send the next request elsewhere."""
    if find_unready() is not None:
        return jsonify(status="unavailable"), 503
    return jsonify(status="ok")


def find_unready() -> str | None:
    """Returns what keeps the current app from serving, None when nothing does. It is logged here."""
    if _Stop.has_begun:
        return "it is stopping"
    try:
        with connect(db.engine) as connection:
            connection.first(_PING)
    # Whatever went wrong, and drivers have errors of their own: not ready.
    except Exception as error:
        _log.error("The database does not answer: %s", error)
        return "the database does not answer"
    return None


def begin_stop() -> None:
    """From here on this process says that it is not ready. Called from a signal handler, so it takes no lock."""
    _Stop.has_begun = True


class _Stop:
    has_begun = False
