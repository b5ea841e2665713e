"""What an app's people read about one of its requests: what happened, and what to do about it."""

from difflib import get_close_matches

from app.oauth.journal.record import AUTHORIZE, DEVICE, PUSHED, TOKEN, RequestRecord
from app.oauth.journal.shown_parameters import LEFT_OUT
from app.oauth.refusals import REFUSALS, Reason, Refusal
from app.scopes import OFFLINE_ACCESS, SCOPES
from app.sentences import _

_SUCCESSES = {
    AUTHORIZE: _("The person came back to your app with a code."),
    TOKEN: _("Your app got a token."),
    PUSHED: _("Your app pushed a request, and got its request_uri."),
    DEVICE: _("A device of your app got a code to show, and waits for somebody to enter it."),
}
#: The fix of what has been registered since.
TRY_AGAIN = _("It is registered by now: try again.")
_PASSWORD = _("There is no password grant here: people type their password on this server's own page alone.")


def tell(record: RequestRecord, registered_scopes: frozenset[str]) -> tuple[str, str]:
    """Returns what happened, and the fix, which is empty for a success."""
    if record.error is None:
        return _SUCCESSES[record.came_to], ""
    row = _find_row(record)
    fix = row.fix
    if record.reason == Reason.SCOPE_UNKNOWN and (meant := _guess_scope(record.scope)):
        fix = _("Did you mean %(scope)s? %(fix)s", scope=meant, fix=fix)
    if record.reason == Reason.SCOPE_NOT_REGISTERED and _would_pass(record, registered_scopes):
        fix = TRY_AGAIN
    if record.reason == Reason.GRANT_TYPE_UNSUPPORTED and record.grant_type == "password":
        return _PASSWORD, fix
    return _(row.happened, detail=record.detail, names=_wrong_names(record, registered_scopes)), fix


def _find_row(record: RequestRecord) -> Refusal:
    """The row of the record's reason; one that tells the least for a reason that a later version has written."""
    known = {reason.value: reason for reason in Reason}
    return REFUSALS[known.get(record.reason or "", Reason.OTHER)]


def _would_pass(record: RequestRecord, registered_scopes: frozenset[str]) -> bool:
    """Whether the app is registered by now for each name; of one that is not shown nobody can tell."""
    names = set(record.scope.split(" ")) - {"", OFFLINE_ACCESS}
    return bool(names) and names <= registered_scopes


def _wrong_names(record: RequestRecord, registered_scopes: frozenset[str]) -> str:
    """The names that were refused, after a colon; nothing where they may not be shown, or would not be refused now."""
    known = SCOPES.keys() if record.reason == Reason.SCOPE_UNKNOWN else registered_scopes
    wrong = [name for name in record.scope.split(" ") if name not in known | {"", OFFLINE_ACCESS, LEFT_OUT}]
    return ": " + ", ".join(wrong) if wrong else ""


def _guess_scope(scope: str) -> str | None:
    """The scope that was probably meant by the first that is unknown."""
    unknown = [name for name in scope.split(" ") if name not in SCOPES and name != OFFLINE_ACCESS]
    return next(iter(get_close_matches(unknown[0], SCOPES, n=1, cutoff=0.75)), None) if unknown else None
