"""Refusals of who asks, at the authorize and the token endpoint."""

from app.oauth.refusals.page import SWITCHED_OFF, UNKNOWN_APP
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.sentences import _

#: What whoever is not authenticated reads, for whatever reason.
FAILED = "Client authentication failed."
_NOT_BOTH = "Send the client secret in the Authorization header or in the body, not both."

#: reason -> its row.
ROWS = {
    Reason.CLIENT_UNKNOWN: Refusal(
        "invalid_client",
        FAILED,
        happened=_(
            "The client_id is missing, or none that is registered here, or the Authorization header cannot be read."
        ),
        fix=_(
            "Copy client_id and client_secret from the app's credentials, and send them as HTTP Basic or in the body."
        ),
        page=UNKNOWN_APP,
    ),
    Reason.CLIENT_SUSPENDED: Refusal(
        "invalid_client",
        FAILED,
        happened=_("The app is suspended."),
        fix=_("Fix the cause, then resume the app under Danger."),
        page=SWITCHED_OFF,
    ),
    Reason.CLIENT_DRAFT: Refusal(
        "invalid_client",
        FAILED,
        happened=_("The app is still a draft."),
        fix=_("Activate it under Credentials."),
        page=SWITCHED_OFF,
    ),
    Reason.SECRET_MISSING: Refusal(
        "invalid_client",
        FAILED,
        happened=_("No client secret was sent, and this app is confidential."),
        fix=_("Send client_id and client_secret as HTTP Basic, or as parameters in the body."),
    ),
    Reason.SECRET_WRONG: Refusal(
        "invalid_client",
        FAILED,
        happened=_("The client secret that was sent does not belong to this app."),
        fix=_("Copy it again whole, from rlq_cs_ to its last character, or make another under Credentials."),
    ),
    Reason.SECRET_ENDED: Refusal(
        "invalid_client",
        FAILED,
        happened=_("The client secret that was sent was this app's, and has been retired or has come to its end."),
        fix=_("Find where the old secret is still used and give that place one that works."),
    ),
    Reason.SECRET_UNEXPECTED: Refusal(
        "invalid_client",
        FAILED,
        happened=_("A client secret was sent, and this app is public: it has none."),
        fix=_("Leave client_secret out and send client_id alone, with PKCE."),
    ),
    Reason.CLIENT_ID_TWICE: Refusal(
        "invalid_request",
        "The parameter 'client_id' differs from the one in the Authorization header.",
        happened=_("The app said twice who it is, in the Authorization header and in the body, and not alike."),
        fix=_("Send client_id and client_secret in one of the two places only."),
        kept_as=Reason.SEVERAL_AUTHENTICATIONS,
    ),
    Reason.SEVERAL_AUTHENTICATIONS: Refusal(
        "invalid_request",
        _NOT_BOTH,
        happened=_("The app said twice who it is, in the Authorization header and in the body, and not alike."),
        fix=_("Send client_id and client_secret in one of the two places only."),
    ),
    Reason.SECRET_TWICE: Refusal(
        "invalid_request",
        _NOT_BOTH,
        happened=_("The app sent its client secret twice, in the Authorization header and in the body."),
        fix=_("Send it in one of the two places only: OAuth allows one way of authentication in a request."),
    ),
    Reason.TOO_MANY_FAILURES: Refusal(
        "too_many_requests",
        "Client authentication failed too often: try again in {seconds} seconds.",
        happened=_("The authentication of this app failed too often from one address, within a minute."),
        fix=_("Stop what sends the wrong secret. The right one is never refused for it."),
        in_general=_("Client authentication failed more than thirty times a minute from one address."),
    ),
}
