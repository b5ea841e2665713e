"""Refusals of clients that sign who they are (:rfc:`7523#section-3`)."""

from app.oauth.refusals.client import FAILED
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.sentences import _

#: reason -> its row.
ROWS = {
    Reason.ASSERTION_DEFECTIVE: Refusal(
        "invalid_client",
        "The client assertion cannot be used: {detail}.",
        happened=_("The client assertion could not be used. On the wire: %(detail)s"),
        fix=_("Let a library of your language make it, for private_key_jwt (RFC 7523)."),
        in_general=_("The client assertion is no signed JWT, or one of its claims is missing or of another kind."),
    ),
    Reason.ASSERTION_BESIDE: Refusal(
        "invalid_request",
        "Send the client assertion alone, without an Authorization header and a client_secret.",
        happened=_("The app sent a client assertion and, beside it, an Authorization header or a client secret."),
        fix=_("Send one of them: OAuth allows one way of authentication in a request."),
    ),
    Reason.ASSERTION_ELSEWHERE: Refusal(
        "invalid_client",
        "The client assertion is for another server: its aud must be {audience}.",
        happened=_("The client assertion says that it is for another server."),
        fix=_("Let its aud be the issuer, as the metadata have it; the token endpoint's address will do, too."),
    ),
    Reason.ASSERTION_EXPIRED: Refusal(
        "invalid_client",
        "The client assertion has expired: sign a new one for each request, and mind the clock.",
        happened=_("The client assertion had expired, by our clock."),
        fix=_("Sign a new one for each request, with an exp some minutes ahead, on a machine whose clock is right."),
    ),
    Reason.ASSERTION_AHEAD: Refusal(
        "invalid_client",
        "The client assertion begins in the future, or ends more than an hour ahead: mind the clock.",
        happened=_("The client assertion begins in the future by our clock, or ends more than an hour ahead."),
        fix=_("Sign a new one for each request, with an exp some minutes ahead, on a machine whose clock is right."),
    ),
    Reason.ASSERTION_KEY_WRONG: Refusal(
        "invalid_client",
        FAILED,
        happened=_("The client assertion is not signed by a key that this server knows of the app."),
        fix=_(
            "Compare its kid and its alg with the app's public keys, or with what lies at their address: that is asked anew"
            " when no key that is known has signed, once a minute, and of an app that registered itself not before somebody has"
            " allowed it something."
        ),
    ),
    Reason.ASSERTION_USED: Refusal(
        "invalid_client",
        "The client assertion was used before: sign a new one for each request.",
        happened=_("The client assertion came a second time."),
        fix=_("Sign a new one for each request, with a jti of its own."),
    ),
    Reason.ASSERTION_KEYS_AWAY: Refusal(
        "temporarily_unavailable",
        "The address of this client's public keys cannot be read just now: try again in {seconds} seconds.",
        happened=_("The address where the app's public keys lie (jwks_uri) could not be read."),
        fix=_("Look whether it answers from the internet with JSON, in three seconds and 64 kB. Then try again."),
    ),
}
