"""The answer to a screen: which button was pressed, and whether what it showed still is so."""

from collections.abc import Collection

from flask import request as http_request

from app.http.clear_forms import find_repeated
from app.oauth.authorization_request import remember_shown
from app.oauth.endpoints.decision.facts import Facts
from app.oauth.endpoints.waiting import Flow
from app.sentences import _

UNCLEAR = _(
    "It was not clear what you decided, so nothing was. Please look at this again and press one of the buttons."
)
CHANGED = _("Something changed while this page was open, so nothing was shared. Look at it once more.")


def read_action(known: Collection[str], lists: Collection[str] = ()) -> str | None:
    """Returns which of the ``known`` buttons was pressed; None when that is not clear.

    It is not when a button, or anything else that only the ``lists`` may say several times, was sent twice.
    """
    form = http_request.form
    action = form.get("action")
    return action if action in known and find_repeated(form, lists) is None else None


def find_changes(flow: Flow, screen: str, facts: Facts, ticked: Collection[str] = ()) -> list[str]:
    """Returns what has changed since the page that is being answered; what was last shown, if the answer names no page."""
    sealed = http_request.form.get("shown")
    return facts.find_changes(getattr(flow.waiting, f"{screen}_shown") if sealed is None else sealed, ticked)


def seal_page(flow: Flow, screen: str, facts: Facts) -> str:
    """Returns the seal for a page that is about to be shown, kept with the request too."""
    seal = facts.seal()
    remember_shown(flow.connection, flow.waiting, screen, seal)
    return seal
