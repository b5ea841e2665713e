"""What each reason for a refusal means, and what to do about it, in one sentence each."""

from difflib import get_close_matches

from app.oauth.journal.record import AUTHORIZE, TOKEN, RequestRecord
from app.oauth.journal.shown_parameters import LEFT_OUT
from app.oauth.reasons import Reason
from app.scopes import OFFLINE_ACCESS, SCOPES

#: reason -> what happened, and the fix. ``{detail}`` and ``{names}`` are of the record.
SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.CLIENT_SUSPENDED: (
        "The app is suspended.",
        "Fix the cause, then resume the app under Danger.",
    ),
    Reason.CLIENT_DRAFT: (
        "The app is still a draft.",
        "Activate it under Credentials.",
    ),
    Reason.SECRET_MISSING: (
        "No client secret was sent, and this app is confidential.",
        "Send client_id and client_secret as HTTP Basic, or as parameters in the body.",
    ),
    Reason.SECRET_WRONG: (
        "The client secret that was sent does not belong to this app.",
        "Copy it again whole, from rlq_cs_ to its last character, or make another under Credentials.",
    ),
    Reason.SECRET_ENDED: (
        "The client secret that was sent was this app's, and has been retired or has come to its end.",
        "Find where the old secret is still used and give that place one that works.",
    ),
    Reason.SECRET_UNEXPECTED: (
        "A client secret was sent, and this app is public: it has none.",
        "Leave client_secret out and send client_id alone, with PKCE.",
    ),
    Reason.SEVERAL_AUTHENTICATIONS: (
        "The app said twice who it is, in the Authorization header and in the body, and not alike.",
        "Send client_id and client_secret in one of the two places only.",
    ),
    Reason.SECRET_TWICE: (
        "The app sent its client secret twice, in the Authorization header and in the body.",
        "Send it in one of the two places only: OAuth allows one way of authentication in a request.",
    ),
    Reason.PARAMETER_DEFECTIVE: (
        "{detail}",
        "Send each parameter once, as UTF-8, without control characters and not longer than 4096 characters.",
    ),
    Reason.REDIRECT_URI_MISSING: (
        "The parameter redirect_uri is missing.",
        "Send it with both requests, the same one, exactly as it is registered under Settings.",
    ),
    Reason.RESOURCE_UNKNOWN: (
        "The parameter resource names something that is not an API of this server.",
        "Leave resource out, or send the address of this server.",
    ),
    Reason.REDIRECT_URI_MISMATCH: (
        "The redirect_uri is not registered, so the person saw an error page and your app got no answer.",
        "Register exactly this address under Settings, or send a registered one, character for character.",
    ),
    Reason.REDIRECT_URI_REFUSED: (
        "The redirect_uri is registered, but it is one that this server sends nobody to.",
        "Replace it under Settings: use https, http on this computer, or a private scheme in reverse-domain form.",
    ),
    Reason.PLAYGROUND_CLOSED: (
        "The redirect_uri is the playground's, and the playground was not open for this person.",
        "Open the playground again and begin with step 1: it is open for an hour, for whoever opened it.",
    ),
    Reason.RESPONSE_TYPE_MISSING: (
        "The parameter response_type is missing.",
        "Send response_type=code.",
    ),
    Reason.RESPONSE_TYPE_UNSUPPORTED: (
        "The response_type was not “code”, the only one there is here.",
        "Send response_type=code; if your library offers “token” or “implicit”, choose the code flow with PKCE.",
    ),
    Reason.STATE_MISSING: (
        "The parameter state is missing.",
        "Send a random value as state, keep it in the person's session, and compare it when they come back. Only with"
        " an S256 code_challenge may it be left out, and not on Rememberizer's path.",
    ),
    Reason.SCOPE_UNKNOWN: (
        "The scope holds a name that does not exist here{names}.",
        "Send names from this list, separated by single spaces: " + ", ".join(SCOPES) + ".",
    ),
    Reason.SCOPE_WITH_COMMA: (
        "The scope has a comma between its names.",
        "Separate the names by single spaces; many libraries take a list and have a setting for the separator.",
    ),
    Reason.SCOPE_NOT_REGISTERED: (
        "The scope holds a name that this app is not registered for{names}.",
        "Tick it under Settings, or leave it out of the scope.",
    ),
    Reason.PROMPT_UNKNOWN: (
        "The parameter prompt was neither “consent” nor “login” nor “select_account”.",
        "Send one of these, several with a space between, or leave prompt out.",
    ),
    Reason.DETAILS_REFUSED: (
        "{detail}",
        "Leave authorization_details out: the person picks the mementos, and the token's answer names them.",
    ),
    Reason.PKCE_MISSING: (
        "The parameter code_challenge is missing, and this app must use PKCE.",
        "Switch PKCE on in your OAuth library: it sends code_challenge and code_challenge_method=S256.",
    ),
    Reason.PKCE_CHALLENGE_MISSING: (
        "A code_challenge_method was sent without a code_challenge.",
        "Send both, or neither.",
    ),
    Reason.PKCE_METHOD_REFUSED: (
        "The code_challenge_method was not S256; without the parameter it means “plain”, which is not offered.",
        "Send code_challenge_method=S256, and as code_challenge BASE64URL(SHA256(code_verifier)).",
    ),
    Reason.PKCE_CHALLENGE_MALFORMED: (
        "The code_challenge is not what S256 makes.",
        "Send the 43 characters of BASE64URL(SHA256(code_verifier)), without “=” at the end.",
    ),
    Reason.DENIED: (
        "The person chose Cancel.",
        "Nothing is wrong: tell them in your app what it needs their memories for, and let them try again.",
    ),
    Reason.NOT_A_FORM: (
        "The body was not a form, perhaps JSON.",
        "Send the parameters with Content-Type: application/x-www-form-urlencoded.",
    ),
    Reason.GRANT_TYPE_MISSING: (
        "The parameter grant_type is missing from the body.",
        "Send grant_type=authorization_code, refresh_token or client_credentials in the body, not in the address.",
    ),
    Reason.GRANT_TYPE_UNSUPPORTED: (
        "The grant_type does not exist here.",
        "Send grant_type=authorization_code, refresh_token or client_credentials.",
    ),
    Reason.GRANT_NOT_ALLOWED: (
        "This app may not use that grant_type: client_credentials are for confidential apps.",
        "Send the person through the authorize endpoint, or register a confidential app for work without a person.",
    ),
    Reason.CODE_MISSING: (
        "The parameter code is missing.",
        "Send the code from the address that the person came back with.",
    ),
    Reason.CODE_UNKNOWN: (
        "This server did not issue that code, or it expired long ago.",
        "Send the code as it came, decoded once from the address and not cut off.",
    ),
    Reason.CODE_OF_ANOTHER_CLIENT: (
        "The code was issued to another client_id.",
        "Use one client_id for both requests; look whether two environments share a configuration.",
    ),
    Reason.CODE_EXPIRED: (
        "The code had expired: it lives for a minute or so.",
        "Redeem it as soon as the person comes back, from your server.",
    ),
    Reason.CODE_MISTAKEN: (
        "What was sent as code is another kind of credential. {detail}",
        "Send the code from the address that the person came back with.",
    ),
    Reason.CODE_USED: (
        "The code was redeemed before, so every token that came from it has ended.",
        "Redeem each code once: look for a page that is loaded twice, or a retry, and send the person through again.",
    ),
    Reason.CODE_PAUSED: (
        "The person has paused the app, so the code was not redeemed.",
        "Nothing is wrong: wait until they resume it on their page, or send them through the authorize endpoint,"
        " which asks them.",
    ),
    Reason.CODE_ENDED: (
        "The code no longer counts: the person disconnected the app, or its tokens were ended.",
        "Send the person through the authorize endpoint again.",
    ),
    Reason.REDIRECT_URI_CHANGED: (
        "The redirect_uri is not the one that the code was asked for with.",
        "Send the same redirect_uri to both endpoints, character for character.",
    ),
    Reason.REDIRECT_URI_REMOVED: (
        "The redirect_uri that the code was sent to is not registered any more, so the code gets no tokens.",
        "Register it again under Settings if it is yours, and send the person through the authorize endpoint again.",
    ),
    Reason.VERIFIER_MISSING: (
        "The parameter code_verifier is missing, and the code was asked for with a code_challenge.",
        "Keep the verifier from before the redirect, in the person's session, and send it with the code.",
    ),
    Reason.VERIFIER_MALFORMED: (
        "The code_verifier is not 43 to 128 letters, digits and “-._~”.",
        "Send the verifier itself, not the challenge with “=” at its end and not something encoded again.",
    ),
    Reason.VERIFIER_WRONG: (
        "The code_verifier does not belong to the code_challenge.",
        "Send the verifier of this very request: look whether a second tab or a retry has overwritten it.",
    ),
    Reason.VERIFIER_UNEXPECTED: (
        "A code_verifier was sent, but the code was asked for without a code_challenge.",
        "Send code_challenge and code_challenge_method=S256 to the authorize endpoint, too.",
    ),
    Reason.SCOPE_NOTHING_LEFT: (
        "Nothing is left of the scope that the person allowed: the app's registered scopes have changed since.",
        "Look at the scopes under Settings, then send the person through the authorize endpoint again.",
    ),
    Reason.REFRESH_MISSING: (
        "The parameter refresh_token is missing.",
        "Send the refresh_token of the last answer.",
    ),
    Reason.REFRESH_UNKNOWN: (
        "This server did not issue that refresh token, or it expired long ago.",
        "Send the refresh_token of the last answer, whole.",
    ),
    Reason.REFRESH_OF_ANOTHER_CLIENT: (
        "The refresh token was issued to another client_id.",
        "Use the client_id that it came with; look whether two environments share what they store.",
    ),
    Reason.REFRESH_MISTAKEN: (
        "What was sent as refresh_token is another kind of credential. {detail}",
        "Send the refresh_token of the last answer; look whether two values are stored under each other's name.",
    ),
    Reason.REFRESH_EXPIRED: (
        "The refresh token had expired: nobody used it for as long as it lives.",
        "Send the person through the authorize endpoint again.",
    ),
    Reason.REFRESH_REUSED: (
        "The refresh token was used before, so every token of that connection has ended, in case it was stolen.",
        "Store the new refresh_token of every answer before you go on, refresh in one place at a time,"
        " and send the person through the authorize endpoint again.",
    ),
    Reason.REFRESH_PAUSED: (
        "The person has paused the app. Its refresh token was not used up.",
        "Keep the refresh token: it works again when they resume the app on their page. To ask them for it, send them"
        " through the authorize endpoint.",
    ),
    Reason.REFRESH_ENDED: (
        "The refresh token was ended: the person disconnected the app, or its tokens were revoked.",
        "Send the person through the authorize endpoint again.",
    ),
    Reason.SCOPE_TOO_WIDE: (
        "The scope asks for more than the person still allows.",
        "Leave scope out to get what is allowed, or send the person through the authorize endpoint again.",
    ),
    Reason.OTHER: (
        "The request was refused: {detail}",
        "Look at the error and the error_description of the answer that your app got.",
    ),
}

_SUCCESSES = {
    AUTHORIZE: "The person came back to your app with a code.",
    TOKEN: "Your app got a token.",
}
#: The fix of what has been registered since.
TRY_AGAIN = "It is registered by now: try again."
_PASSWORD = "There is no password grant here: people type their password on this server's own page alone."


def tell(record: RequestRecord, registered_scopes: frozenset[str]) -> tuple[str, str]:
    """What happened, and the fix, which is empty for a success."""
    if record.error is None:
        return _SUCCESSES[record.endpoint], ""
    happened, fix = SENTENCES.get(Reason(record.reason), SENTENCES[Reason.OTHER])
    if record.reason == Reason.GRANT_TYPE_UNSUPPORTED and record.grant_type == "password":
        happened = _PASSWORD
    if record.reason == Reason.SCOPE_UNKNOWN and (meant := _guess_scope(record.scope)):
        fix = f"Did you mean {meant}? {fix}"
    if record.reason == Reason.SCOPE_NOT_REGISTERED and _would_pass(record, registered_scopes):
        fix = TRY_AGAIN
    return happened.format(detail=record.detail, names=_wrong_names(record, registered_scopes)), fix


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
