"""Refusals of a refresh token (:rfc:`6749#section-5.2`).

Another client's token is answered like one that never was.
"""

from app.oauth.refusals.code import ACCOUNT_DISABLED, PAUSED
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import GrantLine, Refusal
from app.sentences import _

_UNKNOWN = GrantLine(
    "unknown-refresh-token",
    ("This client has no such refresh token: send the newest one, whole. One that expired is forgotten after a while."),
    _("It was cut off, is another app's, or expired long ago. Store the newest one whole."),
)

#: reason -> its row.
ROWS = {
    Reason.REFRESH_MISSING: Refusal(
        "invalid_request",
        "Missing 'refresh_token' in request.",
        happened=_("The parameter refresh_token is missing."),
        fix=_("Send the refresh_token of the last answer."),
    ),
    Reason.REFRESH_UNKNOWN: Refusal.of_grant(
        _UNKNOWN,
        happened=_("This server did not issue that refresh token, or it expired long ago."),
        fix=_("Send the refresh_token of the last answer, whole."),
    ),
    Reason.REFRESH_OF_ANOTHER_CLIENT: Refusal.of_grant(
        _UNKNOWN,
        happened=_("The refresh token was issued to another client_id."),
        fix=_("Use the client_id that it came with; look whether two environments share what they store."),
    ),
    Reason.REFRESH_EXPIRED: Refusal.of_grant(
        GrantLine(
            "expired-refresh-token",
            "The refresh token has expired: send the person to authorize again.",
            _(
                "Nobody used it for as long as it lives, or, in a public app with the address of a web "
                "page, the first one would have ended by now; and after a year every sign-in does."
            ),
        ),
        happened=_("The refresh token had expired: nobody used it for as long as it lives."),
        fix=_("Send the person through the authorize endpoint again."),
    ),
    Reason.REFRESH_REUSED: Refusal.of_grant(
        GrantLine(
            "used-refresh-token",
            "The refresh token was used before, so every token of that sign-in has ended.",
            _(
                "Two hold it, so all its tokens have been ended. Store the new one first, and refresh in "
                "one place at a time."
            ),
        ),
        happened=_(
            "The refresh token was used before, so every token of that connection has ended, in case it was stolen."
        ),
        fix=_(
            "Store the new refresh_token of every answer before you go on, refresh in one place at a "
            "time, and send the person through the authorize endpoint again."
        ),
    ),
    Reason.REFRESH_ENDED: Refusal.of_grant(
        GrantLine(
            "ended-refresh-token",
            "The refresh token has ended: the person ended the connection, or its tokens were revoked.",
            _("Do not try it again. Send the person to authorize when they are next there."),
        ),
        happened=_("The refresh token was ended: the person ended the connection, or its tokens were revoked."),
        fix=_("Send the person through the authorize endpoint again."),
    ),
    Reason.REFRESH_PAUSED: Refusal.of_grant(
        PAUSED,
        happened=_("The person has paused the app. Its refresh token was not used up."),
        fix=_(
            "Keep the refresh token: it works again when they resume the app on their page. To ask them "
            "for it, send them through the authorize endpoint."
        ),
    ),
    Reason.REFRESH_ACCOUNT_DISABLED: Refusal.of_grant(
        ACCOUNT_DISABLED,
        happened=_("The operator has switched the person's account off. The refresh token was not used up."),
        fix=_("Keep the refresh token: it works again once the operator of this server switches the account on."),
    ),
    Reason.REFRESH_MISTAKEN: Refusal.of_grant(
        GrantLine(
            "no-refresh-token",
            "That is {kind}, not a refresh token: send the refresh_token of the latest answer.",
            _("Two values of one answer are stored under each other's name."),
        ),
        happened=_("What was sent as refresh_token is another kind of credential. %(detail)s"),
        fix=_("Send the refresh_token of the last answer; look whether two values are stored under each other's name."),
    ),
    Reason.SCOPE_TOO_WIDE: Refusal(
        "invalid_scope",
        "The scope is more than the user still allows.",
        happened=_("The scope asks for more than the person still allows."),
        fix=_("Leave scope out to get what is allowed, or send the person through the authorize endpoint again."),
    ),
}
