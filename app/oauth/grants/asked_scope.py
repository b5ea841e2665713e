"""The refusal of a scope that a client asks for (:rfc:`6749#section-3.3`), at either endpoint."""

from authlib.oauth2.rfc6749 import InvalidScopeError

from app.oauth.reasons import Reason, because
from app.scopes import SCOPES, parse_scope


def scope_refused(scope: str | None) -> InvalidScopeError:
    """``invalid_scope``, to be raised. On the wire an unknown scope and one of another client are the same."""
    if scope and "," in scope:
        return because(
            Reason.SCOPE_WITH_COMMA, InvalidScopeError("The scope has a comma: separate its names by spaces alone.")
        )
    is_known = parse_scope(scope) <= SCOPES.keys()
    return because(
        Reason.SCOPE_NOT_REGISTERED if is_known else Reason.SCOPE_UNKNOWN,
        InvalidScopeError("The scope is unknown, or is not one this client is registered for."),
    )
