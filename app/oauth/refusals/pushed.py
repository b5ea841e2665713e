"""Refusals of requests that are pushed (:rfc:`9126`), of their references, and of requests by reference (:rfc:`9101`)."""

from app.oauth.refusals.page import NO_WAY_BACK, SPENT_LINK
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import Refusal
from app.sentences import _

_BAD_REFERENCE = "The request_uri is not good, or not any more: push the request again."
_PUSH_AGAIN = _("Push the request anew each time that somebody is sent to authorize, and send them there at once.")

#: reason -> its row, of what is told in the answer to a push.
OF_PUSH = {
    Reason.REQUEST_URI_PUSHED: Refusal(
        "invalid_request",
        "The parameter 'request_uri' must not be pushed: send the parameters of the request.",
        happened=_("The parameter request_uri was pushed, and it is what the answer brings."),
        fix=_("Push the parameters that you would send to authorize, and send people there with the request_uri."),
    ),
    Reason.REQUEST_OBJECT: Refusal(
        "request_not_supported",
        "The parameter 'request' is not read here: send the parameters of the request as a form.",
        happened=_("The parameter request was pushed: a signed request, which this server does not read."),
        fix=_("Push the parameters themselves. Switch request objects (JAR) off in your OAuth library."),
    ),
    Reason.REDIRECT_URI_UNUSABLE: Refusal(
        "invalid_request",
        "The 'redirect_uri' is registered, but this server sends nobody there any more.",
        happened=_("The redirect_uri is registered, but it is one that this server sends nobody to."),
        fix=_(
            "Replace it under Settings: use https, http on this computer, or a private scheme in reverse-domain form."
        ),
    ),
    Reason.PUSHED_TOO_MANY: Refusal(
        "too_many_requests",
        "Too many pushed requests wait for somebody to open them: try again in {seconds} seconds.",
        happened=_("More requests were pushed than may wait: of this app, or of one network if the app is public."),
        fix=_("Push when somebody is about to be sent to authorize, once, and not beforehand."),
        in_general=_(
            "An app pushed more than ten thousand requests within ten minutes, or more than a hundred wait of one network, if it"
            " is public."
        ),
    ),
}
#: Of what is told at the authorize endpoint.
OF_AUTHORIZE = {
    Reason.PUSH_DEMANDED: Refusal(
        "invalid_request",
        "This client must push its authorization requests (RFC 9126): POST them to /oauth/par first.",
        happened=_("The request was not pushed, and this app pushes each of its requests."),
        fix=_("POST the same parameters to /oauth/par, or take the tick away under Settings."),
    ),
    Reason.REQUEST_URI_ELSEWHERE: Refusal(
        "request_uri_not_supported",
        "The request_uri must be one that /oauth/par has answered with: nothing is fetched from elsewhere.",
        happened=_("The request_uri is an address, and this server fetches no request from anywhere."),
        fix=_("POST the parameters of the request to /oauth/par, and send the request_uri of the answer."),
        page=NO_WAY_BACK,
        to_person=_("The link that brought you here says that its request is kept elsewhere, where we do not look."),
    ),
    Reason.REQUEST_URI_UNKNOWN: Refusal(
        "invalid_request_uri",
        _BAD_REFERENCE,
        happened=_("This server did not make that request_uri, or it expired a while ago."),
        fix=_PUSH_AGAIN,
        page=SPENT_LINK,
    ),
    Reason.REQUEST_URI_EXPIRED: Refusal(
        "invalid_request_uri",
        _BAD_REFERENCE,
        happened=_("The request_uri has expired before anybody opened it, or while they were at it."),
        fix=_PUSH_AGAIN,
        page=SPENT_LINK,
    ),
    Reason.REQUEST_URI_OPENED: Refusal(
        "invalid_request_uri",
        _BAD_REFERENCE,
        happened=_("The request_uri was opened in another browser before."),
        fix=_PUSH_AGAIN,
        page=SPENT_LINK,
    ),
    Reason.REQUEST_URI_OF_ANOTHER_CLIENT: Refusal(
        "invalid_request_uri",
        _BAD_REFERENCE,
        happened=_("The request_uri was made for another app than the client_id beside it."),
        fix=_("Send the client_id that the request was pushed with."),
        page=SPENT_LINK,
    ),
}
ROWS = OF_PUSH | OF_AUTHORIZE
