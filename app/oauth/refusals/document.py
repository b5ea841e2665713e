"""Refusals of a client whose id is the address of a document, at the authorize endpoint; and of a denied host elsewhere."""

from app.oauth.refusals import page
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.sentences import _

_FAILED = "Client authentication failed."

#: reason -> its row.
ROWS = {
    Reason.DOCUMENT_ADDRESS: Refusal(
        "invalid_client",
        "{detail}",
        happened="%(detail)s",
        in_general=_("The client_id is an address at which no document is read."),
        fix=_(
            "Use https, a host name on the public internet without a port, and a path; no fragment, no user name, no"
            " more than 500 characters."
        ),
        page=page.DOCUMENT_ADDRESS,
    ),
    Reason.DOCUMENT_DENIED: Refusal(
        "invalid_client",
        _FAILED,
        happened=_("Whoever runs this server lets no app in whose document lies on that host."),
        fix=_("Ask them to allow the host; or register the app in another way."),
        page=page.DOCUMENT_DENIED,
    ),
    Reason.DOCUMENT_UNREAD: Refusal(
        "invalid_client",
        "{detail}",
        happened="%(detail)s",
        in_general=_("The document at the client_id could not be fetched; the page says why in general terms."),
        fix=_(
            "Serve it with status 200 as JSON of at most 5 kB, uncompressed, without a redirect, within three seconds, on"
            " port 443, and with a certificate that is known everywhere."
        ),
        page=page.DOCUMENT_UNREAD,
    ),
    Reason.DOCUMENT_WITHDRAWN: Refusal(
        "invalid_client",
        _FAILED,
        happened=_(
            "The document was there, and its host now says 404 or 410: the app is stopped, with all its tokens."
        ),
        fix=_("Serve the document again. The app goes on as soon as somebody who is signed in comes from it."),
        page=page.DOCUMENT_WITHDRAWN,
    ),
    Reason.DOCUMENT_REFUSED: Refusal(
        "invalid_client",
        "{detail}",
        happened="%(detail)s",
        in_general=_("The document says what it must not say, or lacks what it must; the page names the member."),
        fix=_(
            "Its client_id is its own address, letter for letter; token_endpoint_auth_method is none, or private_key_jwt with"
            " jwks or jwks_uri, or token_endpoint_auth_methods_supported has none among others; it has redirect_uris, and"
            " neither a client_secret nor a private key."
        ),
        page=page.DOCUMENT_REFUSED,
    ),
    Reason.DOCUMENT_BUSY: Refusal(
        "invalid_client",
        _FAILED,
        happened=_("Two documents were being fetched, which is the most at once, and this one was not known yet."),
        fix=_("Nothing is wrong: the person tries again in a moment."),
        page=page.DOCUMENT_BUSY,
    ),
    Reason.DOCUMENT_TOO_MANY: Refusal(
        "invalid_client",
        _FAILED,
        happened=_("Five documents were fetched for this person within a minute."),
        fix=_("Let what is fetched be kept: Cache-Control: max-age=86400. The person tries again in a minute."),
        page=page.DOCUMENT_TOO_MANY,
    ),
}
