"""What is answered to a call with a bearer token (:rfc:`6750#section-3`), without Flask."""

from collections.abc import Callable
from typing import Any

from app import metrics
from app.database.side_by_side.connection import connect_beside
from app.http.direct.call import Call
from app.http.direct.written import Written, write_error, write_json
from app.oauth.bearer_check import TokenLookup, act_with_bearer, challenge
from app.oauth.refusals import Refused


def answer_bearer(call: Call, tell: Callable[[Any], dict[str, Any]], find: TokenLookup) -> Written:
    """Answer with what ``tell`` makes of the live token of the call, which ``find`` looks up; else with a refusal."""

    def note(client_id: str) -> None:
        call.caller = client_id

    with connect_beside(call.services.engine) as connection:
        try:
            told = act_with_bearer(tell, connection, call.services, call.authorization, note, find=find)
        except Refused as refused:
            return write_refusal(refused, call.environ, call.services.settings.issuer)
    return write_json(told, 200, (), call.request_id)


def write_refusal(refused: Refused, environ: dict[str, Any], issuer: str) -> Written:
    """Returns what a refusal says at the resource API."""
    metrics.REFUSED.inc("api", refused.reason)
    if refused.retry_after is not None:
        headers = {"Retry-After": str(refused.retry_after)}
    else:
        headers = {"WWW-Authenticate": challenge(refused, issuer)}
    needed = refused.values.get("needed")
    return write_error(
        environ,
        refused.status_code,
        refused.error,
        refused.description,
        headers=headers,
        scope=None if needed is None else str(needed),
    )
