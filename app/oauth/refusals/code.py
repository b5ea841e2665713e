"""Refusals of an authorization code (:rfc:`6749#section-5.2`).

Another client's code is answered like one that never was.
"""

from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import GrantLine, Refusal
from app.sentences import _

_UNKNOWN = GrantLine(
    "unknown-code",
    "This client has no such code: send it as it came, decoded once from the address and whole.",
    _(
        "It was cut off or decoded twice, is another app's, or was purged a day after it expired."
        " Look whether two environments share a configuration."
    ),
)
PAUSED = GrantLine(
    "paused",
    "The user has paused this app's access.",
    _(
        "Keep the refresh token: it is not used up, and works again when they resume your app. "
        "Only they can do that, on their account's page or when you send them to authorize."
    ),
)
ACCOUNT_DISABLED = GrantLine(
    "disabled-account",
    "The user's account is switched off for now.",
    _(
        "Keep the refresh token: it is not used up, and works again once the operator of this server switches the"
        " account on."
    ),
)
REMOVED = GrantLine(
    "removed-redirect-uri",
    "This client may no longer use the 'redirect_uri'.",
    _(
        "It was removed from the app's settings since the person was sent to authorize, or is not"
        " one that this server accepts."
    ),
)

#: reason -> its row.
ROWS = {
    Reason.CODE_MISSING: Refusal(
        "invalid_request",
        "Missing 'code' in request.",
        happened=_("The parameter code is missing."),
        fix=_("Send the code from the address that the person came back with."),
    ),
    Reason.CODE_UNKNOWN: Refusal.of_grant(
        _UNKNOWN,
        happened=_("This server did not issue that code, or it expired long ago."),
        fix=_("Send the code as it came, decoded once from the address and not cut off."),
    ),
    Reason.CODE_OF_ANOTHER_CLIENT: Refusal.of_grant(
        _UNKNOWN,
        happened=_("The code was issued to another client_id."),
        fix=_("Use one client_id for both requests; look whether two environments share a configuration."),
    ),
    Reason.CODE_EXPIRED: Refusal.of_grant(
        GrantLine(
            "expired-code",
            "The code is older than {code_seconds} seconds: redeem it as soon as the person comes back.",
            _("Exchange it at once, from the server that the person came back to."),
        ),
        happened=_("The code had expired: it lives for a minute or so."),
        fix=_("Redeem it as soon as the person comes back, from your server."),
    ),
    Reason.CODE_USED: Refusal.of_grant(
        GrantLine(
            "used-code",
            "The code was redeemed before, so every token that came from it has ended.",
            _("It came twice. Look for a callback that runs twice: a reload, a prefetch, a retry."),
        ),
        happened=_("The code was redeemed before, so every token that came from it has ended."),
        fix=_(
            "Redeem each code once: look for a page that is loaded twice, or a retry, and send the person"
            " through again."
        ),
    ),
    Reason.CODE_ENDED: Refusal.of_grant(
        GrantLine(
            "ended-code",
            "The code has ended: the person ended the connection, or its tokens were revoked.",
            _("The person, or somebody who revoked its tokens, was quicker. Begin again: the person is asked anew."),
        ),
        happened=_("The code no longer counts: the person ended the connection, or its tokens were ended."),
        fix=_("Send the person through the authorize endpoint again, or let their device ask for another code."),
    ),
    Reason.CODE_PAUSED: Refusal.of_grant(
        PAUSED,
        happened=_("The person has paused the app, so the code was not redeemed."),
        fix=_(
            "Nothing is wrong: wait until they resume it on their page, or send them through the "
            "authorize endpoint, which asks them."
        ),
    ),
    Reason.CODE_ACCOUNT_DISABLED: Refusal.of_grant(
        ACCOUNT_DISABLED,
        happened=_("The operator has switched the person's account off, so the code was not redeemed."),
        fix=_("Nothing is wrong with the app. The person can ask the operator of this server."),
    ),
    Reason.CODE_MISTAKEN: Refusal.of_grant(
        GrantLine(
            "no-code",
            "That is {kind}, not a code: send the code from the address that the person came back with.",
            _("Two values are stored under each other's name. The code is in the address, once for each sign-in."),
        ),
        happened=_("What was sent as code is another kind of credential. %(detail)s"),
        fix=_("Send the code from the address that the person came back with."),
    ),
    Reason.REDIRECT_URI_CHANGED: Refusal.of_grant(
        GrantLine(
            "redirect-uri",
            "Invalid 'redirect_uri' in request.",
            _("It differs from the one the person was sent to authorize with. Keep it in one place."),
        ),
        happened=_("The redirect_uri is not the one that the code was asked for with."),
        fix=_("Send the same redirect_uri to both endpoints, character for character."),
    ),
    Reason.REDIRECT_URI_REMOVED: Refusal.of_grant(
        REMOVED,
        happened=_(
            "The redirect_uri that the code was sent to is not registered any more, so the code gets no tokens."
        ),
        fix=_(
            "Register it again under Settings if it is yours, and send the person through the authorize endpoint again."
        ),
    ),
    Reason.VERIFIER_MISSING: Refusal(
        "invalid_request",
        "The parameter 'code_verifier' is missing.",
        happened=_("The parameter code_verifier is missing, and the code was asked for with a code_challenge."),
        fix=_("Keep the verifier from before the redirect, in the person's session, and send it with the code."),
    ),
    Reason.VERIFIER_MALFORMED: Refusal(
        "invalid_request",
        "The parameter 'code_verifier' must be 43 to 128 unreserved characters.",
        happened=_("The code_verifier is not 43 to 128 letters, digits and “-._~”."),
        fix=_("Send the verifier itself, not the challenge with “=” at its end and not something encoded again."),
    ),
    Reason.VERIFIER_WRONG: Refusal.of_grant(
        GrantLine(
            "verifier",
            "The 'code_verifier' does not belong to the 'code_challenge'.",
            _("Another sign-in has overwritten the verifier, or it was encoded. Keep one for each state."),
        ),
        happened=_("The code_verifier does not belong to the code_challenge."),
        fix=_("Send the verifier of this very request: look whether a second tab or a retry has overwritten it."),
    ),
    Reason.VERIFIER_UNEXPECTED: Refusal.of_grant(
        GrantLine(
            "unexpected-verifier",
            "The authorization request had no 'code_challenge'.",
            _("A verifier came for a code that was asked for without a challenge. Send the challenge with step 1."),
        ),
        happened=_("A code_verifier was sent, but the code was asked for without a code_challenge."),
        fix=_("Send code_challenge and code_challenge_method=S256 to the authorize endpoint, too."),
    ),
    Reason.SCOPE_NOTHING_LEFT: Refusal(
        "invalid_scope",
        "Nothing is left of the scope that the user allowed.",
        happened=_(
            "Nothing is left of the scope that the person allowed: the app's registered scopes have changed since."
        ),
        fix=_("Look at the scopes under Settings, then send the person through the authorize endpoint again."),
    ),
}
