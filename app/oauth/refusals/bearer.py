"""Refusals of an access token (:rfc:`6750#section-3.1`). They stand in no record of an app's requests."""

from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.sentences import _

#: reason -> its row.
ROWS = {
    Reason.TOO_MANY_CALLS: Refusal(
        "too_many_requests",
        "Too many calls with this token: try again in {seconds} seconds.",
        happened=_("More calls came with one access token than the server takes in a minute."),
        fix=_("Send fewer, and wait as long as Retry-After says."),
        in_general=_(
            "More calls came with one access token than a process of the server takes in a minute; each counts its own."
        ),
    ),
    Reason.BEARER_MISSING: Refusal(
        "unauthenticated",
        "Send the access token as 'Authorization: Bearer <token>'.",
        happened=_("No access token came with the call."),
        fix=_("Send it as Authorization: Bearer and the token; not in the address, not in the body."),
    ),
    Reason.BEARER_EMPTY: Refusal(
        "invalid_request",
        "The Authorization header names no token.",
        happened=_("The Authorization header says Bearer, and no token follows."),
        fix=_("Send the access token after the word Bearer and a space."),
    ),
    Reason.BEARER_MISTAKEN: Refusal(
        "invalid_token",
        "That is {kind}, not an access token: send the access_token of the answer.",
        happened=_("What was sent as an access token is another kind of credential."),
        fix=_("Send the access_token of the last answer; look whether two values are stored under each other's name."),
    ),
    Reason.BEARER_UNKNOWN: Refusal(
        "invalid_token",
        "The access token is unknown: it is not whole, not ours, or expired long ago.",
        happened=_("This server did not issue that access token, or it expired long ago."),
        fix=_("Send the access_token of the last answer, whole."),
    ),
    Reason.BEARER_ELSEWHERE: Refusal(
        "invalid_token",
        "This token is for another resource: ask for one with resource={resource}",
        happened=_("The access token was issued for another resource of this server."),
        fix=_("Send resource with the authorization request and to the token endpoint, as the metadata names it."),
    ),
    Reason.BEARER_EXPIRED: Refusal(
        "invalid_token",
        "The access token has expired: get the next one with the refresh token.",
        happened=_("The access token has expired."),
        fix=_("Refresh once and repeat the call."),
    ),
    Reason.BEARER_PAUSED: Refusal(
        "invalid_token",
        "The user has paused this app's access. It works again when they resume it.",
        happened=_("The person has paused the app."),
        fix=_("Keep the tokens: they work again when the person resumes the app on their page."),
    ),
    Reason.BEARER_ACCOUNT_DISABLED: Refusal(
        "invalid_token",
        "The user's account is switched off for now. The token works again when the operator switches it on.",
        happened=_("The operator of this server has switched the person's account off."),
        fix=_("Keep the tokens: they work again once the account is switched on."),
    ),
    Reason.BEARER_SUSPENDED: Refusal(
        "invalid_token",
        "The app is switched off for now: its tokens work again when its organization resumes it.",
        happened=_("The app is suspended."),
        fix=_("Fix the cause, then resume the app under Danger."),
    ),
    Reason.BEARER_SUSPENDED_HERE: Refusal(
        "invalid_token",
        "The app is switched off for now: its tokens work again when this server's operator resumes it.",
        happened=_("The app, which no organization registered, is suspended."),
        fix=_("Ask the operator of this server why, and to resume it."),
    ),
    Reason.BEARER_PAST_ITS_END: Refusal(
        "invalid_token",
        "The end has come that the user had set for this app's access: send them to authorize again.",
        happened=_("The end has come that the person had set for the app."),
        fix=_("Send the person through the authorize endpoint again."),
    ),
    Reason.BEARER_REVOKED: Refusal(
        "invalid_token",
        "The access token was revoked: the app ended it, or the person ended the connection.",
        happened=_("The access token was revoked: the app ended it, or the person ended the connection."),
        fix=_("Send the person through the authorize endpoint again."),
    ),
    Reason.SCOPE_LACKING: Refusal(
        "insufficient_scope",
        "This call needs the scope {missing}, which the token lacks.",
        happened=_("The access token lacks a scope that the call needs."),
        fix=_("Send the person through the authorize endpoint with that scope too."),
    ),
}
