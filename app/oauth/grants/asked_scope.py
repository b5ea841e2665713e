"""The refusal of a scope that a client asks for (:rfc:`6749#section-3.3`), at either endpoint."""

from app.oauth.refusals import Reason, Refused, refuse
from app.scopes import SCOPES, parse_scope


def refuse_scope(scope: str | None) -> Refused:
    """Returns the error to raise. On the wire an unknown scope and one of another client are the same."""
    if scope and "," in scope:
        return refuse(Reason.SCOPE_WITH_COMMA)
    is_known = parse_scope(scope) <= SCOPES.keys()
    return refuse(Reason.SCOPE_NOT_REGISTERED if is_known else Reason.SCOPE_UNKNOWN)
