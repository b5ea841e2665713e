"""Refusals of what a request says, whatever endpoint it came to."""

from app.oauth.refusals.page import NO_WAY_BACK
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.scopes import SCOPES
from app.sentences import _

_SCOPE_REFUSED = "The scope is unknown, or is not one this client is registered for."

#: reason -> its row.
ROWS = {
    Reason.PARAMETER_DEFECTIVE: Refusal(
        "invalid_request",
        "{detail}",
        happened="%(detail)s",
        fix=_("Send each parameter once, as UTF-8, without control characters and not longer than 4096 characters."),
        in_general=_("A parameter is there twice, or cannot be what it is; error_description names it."),
        page=NO_WAY_BACK,
        to_person=_("The link that brought you here does not say clearly which address to return to."),
    ),
    Reason.RESOURCE_UNKNOWN: Refusal(
        "invalid_target",
        "The resource is not an API of this server, nor a service that is registered here.",
        happened=_("The parameter resource names something that is not an API of this server, nor registered here."),
        fix=_(
            "Leave resource out for the API, or send the address that a resource's own metadata names, to the letter. A"
            " service that is switched off counts as unknown."
        ),
    ),
    Reason.RESOURCE_GONE: Refusal(
        "invalid_target",
        "The service that this was for is switched off, or is registered here no more.",
        happened=_("The service that the tokens were for is switched off, or is registered here no more."),
        fix=_("Ask the people of that service. For another resource, send the person through authorize again."),
    ),
    Reason.RESOURCE_TOO_MANY: Refusal(
        "invalid_target",
        "One request may name {most} resources at most.",
        happened=_("The parameter resource was sent more often than one request may."),
        fix=_("Ask for the resources that the app really uses, at most ten in one request."),
    ),
    Reason.RESOURCE_SEVERAL: Refusal(
        "invalid_target",
        "A token is for one resource: send 'resource' once.",
        happened=_("The parameter resource names several resources, and a token is for one of them."),
        fix=_("Send the one that the token is for, and ask for another token for the next one."),
    ),
    Reason.RESOURCE_NOT_ASKED: Refusal(
        "invalid_target",
        "The authorization request did not ask for this resource.",
        happened=_("The parameter resource names something that the person was not asked for."),
        fix=_("Send resource with the authorization request too; without it the API alone is asked for."),
    ),
    Reason.SCOPE_UNKNOWN: Refusal(
        "invalid_scope",
        _SCOPE_REFUSED,
        happened=_("The scope holds a name that does not exist here%(names)s."),
        fix=_("Send names from this list, separated by single spaces: %(scopes)s.", scopes=", ".join(SCOPES)),
    ),
    Reason.SCOPE_WITH_COMMA: Refusal(
        "invalid_scope",
        "The scope has a comma: separate its names by spaces alone.",
        happened=_("The scope has a comma between its names."),
        fix=_("Separate the names by single spaces; many libraries take a list and have a setting for the separator."),
    ),
    Reason.SCOPE_NOT_REGISTERED: Refusal(
        "invalid_scope",
        _SCOPE_REFUSED,
        happened=_("The scope holds a name that this app is not registered for%(names)s."),
        fix=_("Tick it under Settings, or leave it out of the scope."),
    ),
    Reason.DETAILS_REFUSED: Refusal(
        "invalid_authorization_details",
        "{detail}",
        happened="%(detail)s",
        fix=_("Leave authorization_details out: the person picks the mementos, and the token's answer names them."),
        in_general=_(
            "authorization_details is not a JSON array of objects of the type memento, or names an identifier."
        ),
    ),
    Reason.NOT_A_FORM: Refusal(
        "invalid_request",
        "Send the parameters in the body as application/x-www-form-urlencoded, not compressed.",
        happened=_("The body was not a form: perhaps JSON, or compressed."),
        fix=_(
            "Send the parameters with Content-Type: application/x-www-form-urlencoded, and without a Content-Encoding."
        ),
    ),
    Reason.GRANT_TYPE_MISSING: Refusal(
        "invalid_request",
        "The parameter 'grant_type' is missing.",
        happened=_("The parameter grant_type is missing from the body."),
        fix=_(
            "Send grant_type=authorization_code, refresh_token, client_credentials or the one of devices in the body, not"
            " in the address."
        ),
    ),
    Reason.GRANT_TYPE_UNSUPPORTED: Refusal(
        "unsupported_grant_type",
        "The grant_type must be authorization_code, refresh_token, client_credentials or"
        " urn:ietf:params:oauth:grant-type:device_code.",
        happened=_("The grant_type does not exist here."),
        fix=_(
            "Send grant_type=authorization_code, refresh_token, client_credentials or"
            " urn:ietf:params:oauth:grant-type:device_code."
        ),
    ),
    Reason.GRANT_NOT_ALLOWED: Refusal(
        "unauthorized_client",
        "The client is not authorized to use 'grant_type={grant_type}'",
        happened=_("This app may not use that grant_type: client_credentials are for confidential apps."),
        fix=_(
            "Send the person through the authorize endpoint, or register a confidential app for work without a person."
        ),
    ),
    Reason.TOKEN_MISSING: Refusal(
        "invalid_request",
        "The parameter 'token' is missing.",
        happened=_("The parameter token is missing."),
        fix=_("Send the access token or the refresh token as token, in the body."),
    ),
    Reason.INTROSPECTION_NOT_ALLOWED: Refusal(
        "unauthorized_client",
        "Only confidential clients may introspect tokens.",
        happened=_("A public app asked about a token: it cannot prove who it is."),
        fix=_("Introspect from a server, with a confidential app of its own."),
    ),
    Reason.TOO_MANY_UNKNOWN_TOKENS: Refusal(
        "too_many_requests",
        "Too many unknown tokens were introspected: try again in {seconds} seconds.",
        happened=_("The app asked about too many tokens within a minute that are not its own, or are gone."),
        fix=_("Look where they come from. Tokens of the app itself are always told of."),
        in_general=_("A client asked about more than a thousand tokens a minute that are not its own, or are gone."),
    ),
    Reason.OTHER: Refusal(
        "invalid_request",
        "The request was refused.",
        happened=_("The request was refused: %(detail)s"),
        fix=_("Look at the error and the error_description of the answer that your app got."),
    ),
}
