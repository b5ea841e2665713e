"""The pages a person sees when a request cannot go on. None of them sends anybody anywhere.

A known app is called by its name, and nothing more of it is told to a stranger; of a name that nobody has checked, it
is said that nobody has. Its own people get a link to
this very request among the app's, where what is wrong stands with the fix.
"""

from flask import url_for
from flask_login import current_user

from app.accounts.organizations import find_role
from app.clients.models import DOCUMENT, ClientSnapshot
from app.clients.trust import say_claim
from app.http.error_answers import error_page
from app.http.services import services
from app.http.wire import request_id
from app.oauth.journal.log import RequestLog
from app.oauth.refusals import ErrorPage, Reason, Refused, document
from app.oauth.refusals.page import (
    ALREADY_ANSWERED,
    DEVICE_EXPIRED,
    DEVICE_FORGOTTEN,
    EXPIRED,
    NO_COOKIES,
    OTHER_ACCOUNT,
    SIGN_IN_FIRST,
    UNKNOWN_APP,
)
from app.sentences import _
from app.text import isolated

_NOT_IN_DOCUMENT = _(
    "The redirect_uri is none of the redirect_uris in the document at your client_id, or none that can be used here."
)
_TICKS_ARE_KEPT = _("What you ticked is kept for an hour, and is ticked again when you do.")


def no_way_back_page(refused: Refused) -> tuple[str, int]:
    """Returns what is true of the app for the one who reads it: unknown, switched off, or asked to answer elsewhere."""
    client, row = refused.client, refused.row
    if refused.reason in document.ROWS:
        return _page_of_document(refused)
    if client is None:
        return unknown_app_page()
    assert row.page is not None, f"{refused.reason} leads to no page."
    sentence = row.to_own_people if row.to_own_people and _is_own(client) else _(row.page.shown, why=row.to_person)
    title = _(row.page.title, name=isolated(client.name))
    is_elsewhere = client.origin == DOCUMENT and refused.reason is Reason.REDIRECT_URI_MISMATCH
    return _page_of_app(row.page.status, title, client, sentence, _NOT_IN_DOCUMENT if is_elsewhere else None)


def _page_of_document(refused: Refused) -> tuple[str, int]:
    """For an app that says who it is by the address of a document; whoever builds it reads the exact reason there."""
    page = refused.row.page
    assert page is not None
    name = isolated(str(refused.values.get("host", "")))
    action = (str(refused.values["again"]), _("Try again")) if "again" in refused.values else (None, None)
    return error_page(
        page.status,
        _(page.title, name=name),
        _(page.shown, name=name),
        action,
        for_makers=str(refused.values.get("told", "")) or None,
    )


def unknown_app_page() -> tuple[str, int]:
    """Returns the page for a ``client_id`` that is missing or none of ours, also of an app that was deleted meanwhile."""
    return _show(UNKNOWN_APP)


def already_answered_page(answered_by: str | None) -> tuple[str, int]:
    """Returns the page for every tab of a request but the one that answered it. ``answered_by`` is the id of whose request it was."""
    is_own = current_user.is_authenticated and current_user.id == answered_by
    # Nobody else learns that there are any.
    action = (url_for("personal.apps"), _("See the apps that you have connected")) if is_own else (None, None)
    return _show(ALREADY_ANSWERED, action)


def expired_page(keeps_ticks: bool = False) -> tuple[str, int]:
    """Returns the page of a request that has ended. ``keeps_ticks``: what was ticked on its pages is there when the app asks again."""
    return _show(EXPIRED, more=_TICKS_ARE_KEPT if keeps_ticks else "")


def no_cookies_page(again: str) -> tuple[str, int]:
    """Returns the page for a browser that does not bring what it was given. ``again`` is where the person can try once more."""
    return _show(NO_COOKIES, (again, _("Try again")))


def device_expired_page(keeps_ticks: bool = False) -> tuple[str, int]:
    """Returns the same as :func:`expired_page` for a device's request, which lasts as long as the device waits."""
    return _show(DEVICE_EXPIRED, more=_TICKS_ARE_KEPT if keeps_ticks else "")


def device_forgotten_page() -> tuple[str, int]:
    """Returns the last page of a device's request that nobody here knows any more, or that is another browser's."""
    return _show(DEVICE_FORGOTTEN, (url_for("personal.apps"), _("See the apps that you have connected")))


def other_account_page() -> tuple[str, int]:
    return _show(OTHER_ACCOUNT)


def sign_in_first_page() -> tuple[str, int]:
    """Returns the page for somebody whom we do not know, with a request too long to be kept for them."""
    return _show(SIGN_IN_FIRST)


def _show(page: ErrorPage, action: tuple[str | None, str | None] = (None, None), more: str = "") -> tuple[str, int]:
    sentence = _("%(sentence)s %(more)s", sentence=page.shown, more=more) if more else page.shown
    return error_page(page.status, page.title, sentence, action=action)


def _page_of_app(
    status: int, title: str, client: ClientSnapshot, sentence: str, for_makers: str | None
) -> tuple[str, int]:
    claim = say_claim(client, isolated(client.name))
    if claim:
        sentence = _("%(claim)s %(sentence)s", claim=claim, sentence=sentence)
    if not _is_own(client):
        return error_page(status, title, sentence, for_makers=for_makers)
    # So that this request is there when they follow the link.
    services().notes.of(RequestLog).flush_if_possible()
    entry = url_for("org.show_requests", client_id=client.client_id, request=request_id())
    return error_page(status, title, sentence, action=(entry, _("See what is wrong, and the fix, in its requests")))


def _is_own(client: ClientSnapshot) -> bool:
    """Whether the app is of an organization that the reader belongs to."""
    if client.organization_id is None or not current_user.is_authenticated:
        return False
    return find_role(current_user.id, client.organization_id) is not None
