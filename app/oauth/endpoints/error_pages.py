"""The pages a person sees when a request cannot go on. None of them sends anybody anywhere.

A known app is called by its name, and nothing more of it is told to a stranger. Its own people get a link to
this very request among the app's, where what is wrong stands with the fix.
"""

from flask import url_for
from flask_login import current_user

from app.accounts.organizations import find_role
from app.clients.models import ClientSnapshot
from app.http.error_answers import error_page
from app.http.services import services
from app.http.wire import request_id
from app.oauth.journal.log import RequestLog
from app.oauth.refusals import Reason, Refused
from app.sentences import _, translated
from app.text import isolated

_NOTHING_SHARED = _("Nothing was shared.")
_TELL_ITS_MAKERS = _("Go back to the app and tell its makers.")
_NOT_ITS_ADDRESS = _("The link that brought you here names an address to return to that is not one of this app's.")

#: What is wrong with the link, for whoever has followed it.
_NO_WAY_BACK = {
    Reason.REDIRECT_URI_MISMATCH: _NOT_ITS_ADDRESS,
    Reason.REDIRECT_URI_REFUSED: _(
        "The link that brought you here names an address to return to that we send nobody to."
    ),
    Reason.REDIRECT_URI_MISSING: _("The link that brought you here names no address to return to."),
    Reason.PARAMETER_DEFECTIVE: _("The link that brought you here does not say clearly which address to return to."),
    Reason.PLAYGROUND_CLOSED: _NOT_ITS_ADDRESS,
}
_PLAYGROUND_CLOSED = _(
    "The link that brought you here comes from the playground, which is not open for you: it is open for an hour, for"
    " whoever opened it, until they finish. Open it again and begin with step 1."
)


def no_way_back_page(refused: Refused) -> tuple[str, int]:
    """What is true of the app for the one who reads it: unknown, switched off, or asked to answer elsewhere."""
    client, reason = refused.client, refused.reason
    if client is None:
        return unknown_app_page()
    if reason is Reason.CLIENT_SUSPENDED:
        return _page_of_app(
            400,
            _("%(name)s is switched off for now", name=isolated(client.name)),
            client,
            _(
                "Nothing was shared. Whoever looks after this app has switched it off here, or not switched it on yet."
                " Try again later, or ask its makers."
            ),
        )
    sentences = [_NOTHING_SHARED, _NO_WAY_BACK[reason], _TELL_ITS_MAKERS]
    if reason is Reason.PLAYGROUND_CLOSED and _is_own(client):
        sentences = [_NOTHING_SHARED, _PLAYGROUND_CLOSED]
    return _page_of_app(
        400,
        _("This link does not lead back to %(name)s", name=isolated(client.name)),
        client,
        " ".join(map(translated, sentences)),
    )


def unknown_app_page() -> tuple[str, int]:
    """For a ``client_id`` that is missing or none of ours, also of an app that was deleted meanwhile."""
    return error_page(
        400,
        _("We do not know this app"),
        _(
            "Nothing was shared. The link that brought you here names an app that is not registered with us, or not any"
            " more. Go back to the app and tell its makers that its client ID is not right."
        ),
    )


def already_answered_page(answered_by: str | None) -> tuple[str, int]:
    """For every tab of a request but the one that answered it. ``answered_by`` is the id of whose request it was."""
    is_own = current_user.is_authenticated and current_user.id == answered_by
    return error_page(
        410,
        _("This request was already answered"),
        _(
            "The answer went back to the app: in another tab, or by itself, where the app was allowed before. Go on in"
            " the tab with the app. If the app is still waiting there, start again from it."
        ),
        # Nobody else learns that there are any.
        action=(url_for("personal.apps"), _("See the apps that you have connected")) if is_own else (None, None),
    )


def expired_page() -> tuple[str, int]:
    return error_page(
        410,
        _("This request has expired"),
        _(
            "Nothing was shared. Requests wait for a few minutes only, in the browser that began them, and end with"
            " their app. Go back to the app and start again from there."
        ),
    )


def other_account_page() -> tuple[str, int]:
    return error_page(
        403,
        _("This request belongs to another account"),
        _("It was begun by somebody else in this browser. Go back to the app and start again."),
    )


def _page_of_app(status: int, title: str, client: ClientSnapshot, sentence: str) -> tuple[str, int]:
    if not _is_own(client):
        return error_page(status, title, sentence)
    # So that this request is there when they follow the link.
    services().notes.of(RequestLog).flush_if_possible()
    entry = url_for("org.show_requests", client_id=client.client_id, request=request_id())
    return error_page(status, title, sentence, action=(entry, _("See what is wrong, and the fix, in its requests")))


def _is_own(client: ClientSnapshot) -> bool:
    """Whether the app is of an organization that the reader belongs to."""
    if client.organization_id is None or not current_user.is_authenticated:
        return False
    return find_role(current_user.id, client.organization_id) is not None
