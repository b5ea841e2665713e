"""Every error that an app can meet which registers itself, what it means and what to do about it.

Tests hold this table against what the code can really answer, in both directions.
"""

from app.guide.error_entry import ErrorEntry
from app.sentences import _

REGISTRATION_ERRORS = (
    ErrorEntry.of_one_cause(
        "invalid_redirect_uri",
        _("redirect_uris is missing or empty, or holds what cannot be one; error_description says which and why."),
        _("Send a list of addresses: https, http on this computer, or a private scheme in reverse-domain form."),
        (400,),
    ),
    ErrorEntry.of_one_cause(
        "invalid_client_metadata",
        _("Another member cannot be what it is, or the body is not one JSON object of at most 64 kB."),
        _(
            "Do what error_description says. A member or a scope that is unknown here is left out of the answer instead."
        ),
        (400, 413),
    ),
    ErrorEntry.of_one_cause(
        "access_denied",
        _("On this server no app registers itself."),
        _("Have an admin of an organization register it, or ask whoever runs the server."),
        (403,),
    ),
    ErrorEntry.of_one_cause(
        "invalid_token",
        _(
            "The registration_access_token is missing, or is another app's, or the app is gone; or registering needs a"
            " token of the operator's here, and it was not sent."
        ),
        _("Send it as Authorization: Bearer and the token. An app that is gone registers anew."),
        (401,),
    ),
    ErrorEntry.of_one_cause(
        "too_many_requests",
        _(
            "Too many apps registered from one network within an hour, or wait for their first use; or one changed too often."
        ),
        _("Register once and keep the client_id, rather than at each start. Wait as long as Retry-After says."),
        (429,),
    ),
)
