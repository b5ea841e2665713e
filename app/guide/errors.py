"""Every error of the protocol that an app can meet, what it means and what to do about it.

Tests hold these tables against what the code can really answer, in both directions.
"""

from app.guide.error_entry import ErrorEntry
from app.oauth.refusals import REFUSALS
from app.sentences import _

#: Shown to the person, and never sent to the app: here ``code`` is the page's heading.
ERROR_PAGES = (
    ErrorEntry(
        _("We do not know this app"),
        _("The client_id is missing, or none that is registered here."),
        _("Copy it from the app's credentials. Nothing is sent back, because nobody could say to whom."),
        (400,),
    ),
    ErrorEntry(
        _("This link does not lead back to …"),
        _("The redirect_uri is missing, is there twice, or is not one of those registered for the app that it names."),
        _(
            "Compare it, character by character, with the app's settings; its requests show what differs. Nothing is"
            " sent back, because nobody could say to whom."
        ),
        (400,),
    ),
    ErrorEntry(
        _("… is switched off for now"),
        _("The app is suspended, or still a draft."),
        _("Resume it under Danger, or activate it under Credentials."),
        (400,),
    ),
    ErrorEntry(
        _("This request has expired"),
        _("The person took longer than {request_minutes} minutes for one step, or went on in another browser."),
        _("Send them to authorize again, with a new state and a new code_challenge."),
        (410,),
    ),
    ErrorEntry(
        _("This request was already answered"),
        _("An answer went back to your app before, perhaps from another tab, or they used the Back button."),
        _("Nothing, if your app has its code. Otherwise start again."),
        (410,),
    ),
    ErrorEntry(
        _("This request belongs to another account"),
        _("Somebody else began it in this browser."),
        _("Start again; do not reuse an authorize link for several people."),
        (403,),
    ),
    ErrorEntry(
        _("Please sign in first"),
        _(
            "The request is longer than 8 kB, or twenty wait at the sign-in for the same network and it is too long"
            " to travel along in an address."
        ),
        _(
            "Send less, most likely in state: keep the rest in the person's session. They can also sign in and start"
            " again."
        ),
        (429,),
    ),
)

AUTHORIZE_ERRORS = (
    ErrorEntry(
        "access_denied",
        _("The person pressed Cancel."),
        _("Respect it: say what your app cannot do without access, and offer to ask again. Do not ask by yourself."),
    ),
    ErrorEntry(
        "invalid_request",
        _(
            "A parameter is missing, is there twice, or cannot be what it is; error_description names it. Often:"
            " neither state nor code_challenge, no code_challenge from a public client, a code_challenge_method other"
            " than S256."
        ),
        _(
            "Send what error_description asks for. A code_challenge is BASE64URL(SHA256(code_verifier)), 43"
            " characters, without padding."
        ),
    ),
    ErrorEntry(
        "unsupported_response_type",
        _("The response_type is not code. The implicit and hybrid flows do not exist here."),
        _("Send response_type=code, also from a browser app."),
    ),
    ErrorEntry(
        "invalid_scope",
        _("A scope is unknown, your app is not registered for it, or there is a comma. Nothing is dropped silently."),
        _("Separate scopes by spaces, ask for those of the app's settings only, or have an admin add it there."),
    ),
    ErrorEntry(
        "invalid_target",
        _("The resource parameter names something other than this server's API."),
        _("Leave it out, or send {issuer}/api/v1/."),
    ),
    ErrorEntry(
        "invalid_authorization_details",
        _("authorization_details is not a JSON array of objects of the type memento, or names an identifier."),
        _("Ask for the type and, if you like, the actions. Which mementos it becomes is for the person to pick."),
    ),
)

TOKEN_ERRORS = (
    ErrorEntry(
        "invalid_client",
        _(
            "The client is unknown or suspended, or its secret is wrong, ended or missing; or a public client sent a"
            " secret. Which of these it was, is not told to anybody who asks."
        ),
        _(
            "Check the environment that the secret comes from: no space, no line break, not its last four characters"
            " alone. Send it as HTTP Basic or in the body. If it is lost, make another in the dashboard."
        ),
        (401,),
    ),
    ErrorEntry(
        "invalid_request",
        _(
            "A parameter is missing, is there twice, or cannot be what it is; error_description names it. Also: the"
            " body is not a form, parameters stand in the address, the secret comes twice, be it alike, or the method"
            " is not POST."
        ),
        _(
            "POST application/x-www-form-urlencoded, not JSON. Send the code_verifier whenever you sent a"
            " code_challenge, and the same redirect_uri as before."
        ),
        (400, 405, 413),
    ),
    ErrorEntry(
        "invalid_grant",
        _("The code or refresh token is not good, or not any more. The reasons are below."),
        _(
            "Do not try it again: send the person to authorize. If their consent is still there, that takes them no"
            " click in a confidential app."
        ),
        (400,),
    ),
    ErrorEntry(
        "invalid_scope",
        _(
            "With client credentials: a scope your app is not registered for. With a refresh token: more than the"
            " person still allows, or nothing is left of it. With either: a comma between the names."
        ),
        _("Leave scope out to get all that is allowed. To get more, send the person to authorize."),
        (400,),
    ),
    ErrorEntry(
        "unauthorized_client",
        _("A public client asked for client credentials, or wanted to introspect a token."),
        _("Do it from a server, with a confidential client of its own."),
        (400,),
    ),
    ErrorEntry(
        "unsupported_grant_type",
        _("The grant_type is not authorization_code, refresh_token or client_credentials."),
        _("Use one of these. Passwords and device codes are not taken here."),
        (400,),
    ),
    ErrorEntry(
        "invalid_target",
        _("The resource parameter names something other than this server's API."),
        _("Leave it out, or send {issuer}/api/v1/."),
        (400,),
    ),
    ErrorEntry(
        "too_many_requests",
        _(
            "Client authentication failed more than twenty times a minute from one address, or a client asked about"
            " more than a thousand tokens a minute that are not its own or are gone."
        ),
        _(
            "Wait as long as Retry-After says, and stop what sends the wrong secret. The right one is never refused for"
            " it."
        ),
        (429,),
    ),
    ErrorEntry(
        "server_error",
        _("Something went wrong on our side."),
        _("Try again in a moment. A code or a refresh token that was used meanwhile may need the person again."),
        (500,),
    ),
    ErrorEntry(
        "temporarily_unavailable",
        _("The server cannot use its database just now. Nothing was done."),
        _("Send the same again after as many seconds as Retry-After says."),
        (503,),
    ),
)

#: (anchor, error_description, what to mend): a line for each that a row of the refusals leads to.
INVALID_GRANT_REASONS = tuple(
    (line.slug, line.said.replace("{kind}", "…"), line.advice)
    for line in dict.fromkeys(row.line for row in REFUSALS.values() if row.line is not None)
)
