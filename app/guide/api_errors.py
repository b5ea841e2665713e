"""Every error of the resource API that an app can meet, what it means and what to do about it.

Tests hold this table against what the code can really answer, in both directions.
"""

from app.guide.error_entry import Cause, ErrorEntry
from app.oauth.refusals import Reason, bearer
from app.sentences import _

API_ERRORS = (
    *(
        ErrorEntry.of_rows(error, [row for row in bearer.ROWS.values() if row.error == error], (status,))
        for error, status in (("unauthenticated", 401), ("invalid_token", 401), ("insufficient_scope", 403))
    ),
    ErrorEntry.of_one_cause(
        "not_writable",
        _("Your app may read this and not change it."),
        _("The person decides that for each memento: show them the consent's manage_url."),
        (403,),
    ),
    ErrorEntry.of_one_cause(
        "not_a_person",
        _("A client credentials token asked for mementos. It speaks for an organization, which has none."),
        _("Use a token that a person has allowed."),
        (403,),
    ),
    ErrorEntry.of_one_cause("forbidden", _("The request is not allowed."), _("Do not repeat it as it is."), (403,)),
    ErrorEntry.of_one_cause(
        "not_found",
        _(
            "It does not exist, was deleted, or lies outside the mementos that the person picked. Nobody can tell"
            " these apart."
        ),
        _("Drop your copy of it. Do not tell the person that it is hidden: it may be gone."),
        (404,),
    ),
    ErrorEntry(
        "invalid_request",
        (
            Cause(
                _(
                    "The body is not JSON, a header cannot be read, or the Idempotency-Key is not 1 to 255 visible"
                    " ASCII characters."
                ),
                _("Do what message says; the operation is described at /api/openapi.json."),
            ),
            *ErrorEntry.of_rows("", (row for row in bearer.ROWS.values() if row.error == "invalid_request")).causes,
        ),
        (400,),
    ),
    ErrorEntry.of_one_cause(
        "invalid_cursor", _("The cursor is from another query, or never was one."), _("Start without one."), (400,)
    ),
    ErrorEntry.of_one_cause(
        "validation_failed",
        _("A field or a parameter of the query cannot be taken. errors has a field, code and message for each."),
        _("Correct what errors names; with several objects, index says which."),
        (422,),
    ),
    ErrorEntry.of_one_cause(
        "account_full",
        _(
            "The account keeps as many memories, mementos or sources, or as much text, as one may; the message says which."
        ),
        _(
            "Do not repeat it. Tell the person: they delete some, or, of memories and text, the operator raises the bound."
        ),
        (422,),
    ),
    ErrorEntry.of_one_cause(
        "idempotency_conflict",
        _("The Idempotency-Key was used for another request within a day."),
        _("Make a new key for each new request, and repeat it only with the same body."),
        (422,),
    ),
    ErrorEntry.of_one_cause(
        "method_not_allowed", _("The path does not take that method."), _("Look at the Allow header."), (405,)
    ),
    ErrorEntry.of_one_cause(
        "unsupported_media_type",
        _("The body is not sent as JSON."),
        _("Send Content-Type: application/json."),
        (415,),
    ),
    ErrorEntry.of_one_cause(
        "payload_too_large",
        _("The body is larger than the call takes; the message says how large it may be."),
        _("Send less at once; memories/bulk/ in parts."),
        (413,),
    ),
    ErrorEntry.of_one_cause(
        "request_timeout",
        _("The request took too long to arrive."),
        _("Send it again, at once; from a slow line in smaller parts."),
        (408,),
    ),
    ErrorEntry.of_one_cause(
        "uri_too_long", _("The address is longer than 64 kB."), _("Shorten what you look for."), (414,)
    ),
    ErrorEntry.of_one_cause(
        "headers_too_large", _("A header is longer than 8 kB, or there are more than 100."), _("Send fewer."), (431,)
    ),
    ErrorEntry.of_rows("too_many_requests", [bearer.ROWS[Reason.TOO_MANY_CALLS]], (429,)),
    ErrorEntry.of_one_cause(
        "server_error",
        _("Something went wrong on our side."),
        _("Try again in a moment, with the same Idempotency-Key; if it stays so, tell us the request_id."),
        (500,),
    ),
    ErrorEntry.of_one_cause(
        "not_implemented", _("The server does not know the Transfer-Encoding."), _("Send the body as it is."), (501,)
    ),
    ErrorEntry.of_one_cause(
        "unavailable",
        _("The server is busy, or cannot use its database just now."),
        _("Try again after as many seconds as Retry-After says, and wait longer each time."),
        (503,),
    ),
)
