"""Every error of the protocol that an app can meet, what it means and what to do about it.

What a refusal means is said in its row. Tests hold these tables against what the code can really answer, in both
directions.
"""

from collections.abc import Iterable
from itertools import groupby

from app.guide.error_entry import ErrorEntry
from app.oauth.refusals import (
    REFUSALS,
    ErrorPage,
    Reason,
    Refusal,
    assertion,
    authorize,
    bearer,
    client,
    document,
    pushed,
)
from app.oauth.refusals.page import PAGES
from app.sentences import _


def _tell_of_page(page: ErrorPage) -> ErrorEntry:
    heading, statuses = page.title.replace("%(name)s", "…"), (page.status,)
    if page.happened:
        return ErrorEntry.of_one_cause(heading, page.happened, page.fix, statuses)
    return ErrorEntry.of_rows(heading, (row for row in REFUSALS.values() if row.page is page), statuses)


def _by_error(rows: Iterable[Refusal]) -> list[tuple[str, list[Refusal]]]:
    """The rows of each error, the errors in the order in which they first come."""
    kept = list(rows)
    order = list(dict.fromkeys(row.error for row in kept))
    kept.sort(key=lambda row: order.index(row.error))
    return [(error, list(group)) for error, group in groupby(kept, key=lambda row: row.error)]


#: Shown to the person, and never sent to the app: here ``code`` is the page's heading.
ERROR_PAGES = tuple(map(_tell_of_page, PAGES))

#: What both endpoints may object to, of the rows that are no endpoint's own.
_AT_BOTH = (
    Reason.PARAMETER_DEFECTIVE,
    Reason.SCOPE_UNKNOWN,
    Reason.SCOPE_WITH_COMMA,
    Reason.SCOPE_NOT_REGISTERED,
    Reason.RESOURCE_UNKNOWN,
    Reason.DETAILS_REFUSED,
)
_OF_CLIENTS = client.ROWS | assertion.ROWS
_OF_AUTHORIZE = {reason: row for reason, row in authorize.ROWS.items() if reason not in document.ROWS}
_BY_REDIRECT = [
    *(row for row in _OF_AUTHORIZE.values() if row.page is None),
    *(REFUSALS[reason] for reason in (*_AT_BOTH, Reason.PUSH_DEMANDED, Reason.REQUEST_URI_ELSEWHERE)),
]

AUTHORIZE_ERRORS = tuple(ErrorEntry.of_rows(error, rows) for error, rows in _by_error(_BY_REDIRECT))

#: The reasons of these have a table of their own, by what is said on the wire.
_INVALID_GRANT = ErrorEntry.of_one_cause(
    "invalid_grant",
    _("The code or refresh token is not good, or not any more. The reasons are below."),
    _(
        "Do not try it again: send the person to authorize. If their consent is still there, that takes them no"
        " click in a confidential app."
    ),
    (400,),
)
#: What is refused before anybody has read the request.
_MORE_STATUSES = {"invalid_request": (405, 408, 413, 414, 417, 431, 501)}
_AT_TOKEN = [
    row
    for reason, row in REFUSALS.items()
    if reason not in authorize.ROWS | pushed.ROWS | bearer.ROWS and reason is not Reason.OTHER
] + [REFUSALS[Reason.REDIRECT_URI_MISSING]]

_WENT_WRONG = _("Something went wrong on our side.")
_UNAVAILABLE = ErrorEntry.of_one_cause(
    "temporarily_unavailable",
    _("The server cannot use its database just now. Nothing was done."),
    _("Send the same again after as many seconds as Retry-After says."),
    (503,),
)


def _of_wire(rows: Iterable[Refusal], *, after_failure: str) -> tuple[ErrorEntry, ...]:
    """What an endpoint answers that programs call: with these rows, and what each of them can meet."""
    by_error = dict(_by_error(rows))
    unavailable = _UNAVAILABLE.and_of_rows(by_error.pop(_UNAVAILABLE.code, ()))
    return (
        *(
            _INVALID_GRANT
            if error == "invalid_grant"
            else ErrorEntry.of_rows(error, group, (group[0].status, *_MORE_STATUSES.get(error, ())))
            for error, group in by_error.items()
        ),
        ErrorEntry.of_one_cause("server_error", _WENT_WRONG, after_failure, (500,)),
        unavailable,
    )


TOKEN_ERRORS = _of_wire(
    _AT_TOKEN,
    after_failure=_(
        "Try again in a moment. A code or a refresh token that was used meanwhile may need the person again."
    ),
)

# A code's own, which comes later, and what is the person's.
_NOT_AT_PUSH = (Reason.REDIRECT_URI_REFUSED, Reason.PLAYGROUND_CLOSED, Reason.DENIED)
_AT_PUSH = [
    *(row for reason, row in (_OF_CLIENTS | _OF_AUTHORIZE | pushed.OF_PUSH).items() if reason not in _NOT_AT_PUSH),
    *(REFUSALS[reason] for reason in (Reason.NOT_A_FORM, *_AT_BOTH)),
]

PUSH_ERRORS = _of_wire(_AT_PUSH, after_failure=_("Push the same again in a moment."))

_AT_DEVICE = [
    *_OF_CLIENTS.values(),
    *(REFUSALS[reason] for reason in (Reason.DEVICE_NOT_ALLOWED, Reason.DEVICE_TOO_MANY, Reason.NOT_A_FORM, *_AT_BOTH)),
]

#: What a device is told that asks for a code. What it is told while it waits, the token endpoint tells it.
DEVICE_ERRORS = _of_wire(_AT_DEVICE, after_failure=_("Ask for another code in a moment."))

#: (anchor, error_description, what to mend): a line for each that a row of the refusals leads to.
INVALID_GRANT_REASONS = tuple(
    (line.slug, line.said.replace("{kind}", "…"), line.advice)
    for line in dict.fromkeys(row.line for row in REFUSALS.values() if row.line is not None)
)
