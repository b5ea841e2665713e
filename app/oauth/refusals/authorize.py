"""Refusals of an authorization request (:rfc:`6749#section-4.1.2.1`)."""

from app.oauth.refusals import document
from app.oauth.refusals.code import REMOVED
from app.oauth.refusals.page import NO_WAY_BACK
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.sentences import _

_NOT_ITS_ADDRESS = _("The link that brought you here names an address to return to that is not one of this app's.")

#: reason -> its row.
ROWS = document.ROWS | {
    Reason.REDIRECT_URI_MISSING: Refusal(
        "invalid_request",
        "The parameter 'redirect_uri' is missing.",
        happened=_("The parameter redirect_uri is missing."),
        fix=_("Send it with both requests, the same one, exactly as it is registered under Settings."),
        page=NO_WAY_BACK,
        to_person=_("The link that brought you here names no address to return to."),
    ),
    Reason.REDIRECT_URI_MISMATCH: Refusal(
        "invalid_request",
        "The 'redirect_uri' is not one that is registered for this client.",
        happened=_(
            "The redirect_uri is not registered. At authorize the person sees an error page then, and your app gets no answer."
        ),
        fix=_("Register exactly this address under Settings, or send a registered one, character for character."),
        page=NO_WAY_BACK,
        to_person=_NOT_ITS_ADDRESS,
    ),
    Reason.REDIRECT_URI_REFUSED: Refusal.of_grant(
        REMOVED,
        happened=_("The redirect_uri is registered, but it is one that this server sends nobody to."),
        fix=_(
            "Replace it under Settings: use https, http on this computer, or a private scheme in reverse-domain form."
        ),
        page=NO_WAY_BACK,
        to_person=_("The link that brought you here names an address to return to that we send nobody to."),
    ),
    Reason.PLAYGROUND_CLOSED: Refusal.of_grant(
        REMOVED,
        happened=_("The redirect_uri is the playground's, and the playground was not open for this person."),
        fix=_("Open the playground again and begin with step 1: it is open for an hour, for whoever opened it."),
        page=NO_WAY_BACK,
        to_person=_NOT_ITS_ADDRESS,
        to_own_people=_(
            "Nothing was shared. The link that brought you here comes from the playground, which is not open for you: it"
            " is open for an hour, for whoever opened it, until they finish. Open it again and begin with step 1."
        ),
    ),
    Reason.RESPONSE_TYPE_MISSING: Refusal(
        "invalid_request",
        "The parameter 'response_type' is missing.",
        happened=_("The parameter response_type is missing."),
        fix=_("Send response_type=code."),
    ),
    Reason.RESPONSE_TYPE_UNSUPPORTED: Refusal(
        "unsupported_response_type",
        "The only response_type here is 'code'.",
        happened=_("The response_type was not “code”, the only one there is here."),
        fix=_("Send response_type=code; if your library offers “token” or “implicit”, choose the code flow with PKCE."),
    ),
    Reason.RESPONSE_MODE_UNSUPPORTED: Refusal(
        "invalid_request",
        "The only response_mode here is 'query'.",
        happened=_("The response_mode was not “query”, the only one there is here."),
        fix=_("Leave response_mode out, and take the answer from the query of the redirect URI."),
    ),
    Reason.STATE_MISSING: Refusal(
        "invalid_request",
        "The parameter 'state' is missing.",
        happened=_("The parameter state is missing."),
        fix=_(
            "Send a random value as state, keep it in the person's session, and compare it when they come"
            " back. Only with an S256 code_challenge may it be left out, and not on Rememberizer's path."
        ),
    ),
    Reason.PROMPT_UNKNOWN: Refusal(
        "invalid_request",
        "The parameter 'prompt' can be 'consent', 'login' or 'select_account'.",
        happened=_("The parameter prompt was neither “consent” nor “login” nor “select_account”."),
        fix=_("Send one of these, several with a space between, or leave prompt out."),
    ),
    Reason.PKCE_MISSING: Refusal(
        "invalid_request",
        "This client must use PKCE: send 'code_challenge' with S256.",
        happened=_("The parameter code_challenge is missing, and this app must use PKCE."),
        fix=_("Switch PKCE on in your OAuth library: it sends code_challenge and code_challenge_method=S256."),
    ),
    Reason.PKCE_CHALLENGE_MISSING: Refusal(
        "invalid_request",
        "The parameter 'code_challenge' is missing.",
        happened=_("A code_challenge_method was sent without a code_challenge."),
        fix=_("Send both, or neither."),
    ),
    Reason.PKCE_METHOD_REFUSED: Refusal(
        "invalid_request",
        "The parameter 'code_challenge_method' must be S256.",
        happened=_(
            "The code_challenge_method was not S256; without the parameter it means “plain”, which is not offered."
        ),
        fix=_("Send code_challenge_method=S256, and as code_challenge BASE64URL(SHA256(code_verifier))."),
    ),
    Reason.PKCE_CHALLENGE_MALFORMED: Refusal(
        "invalid_request",
        "The parameter 'code_challenge' must be the 43 characters of BASE64URL(SHA256(code_verifier)).",
        happened=_("The code_challenge is not what S256 makes."),
        fix=_("Send the 43 characters of BASE64URL(SHA256(code_verifier)), without “=” at the end."),
    ),
    Reason.DENIED: Refusal(
        "access_denied",
        "The user chose Cancel.",
        happened=_("The person chose Cancel."),
        fix=_("Nothing is wrong: tell them in your app what it needs their memories for, and let them try again."),
    ),
}
