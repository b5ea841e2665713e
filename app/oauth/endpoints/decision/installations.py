"""The question whether an app is the same as one that was connected before: as the page asks it, and the answer."""

from collections import Counter
from datetime import datetime
from typing import Any

from flask_login import current_user
from msgspec import Struct

from app.accounts.known_browsers import find_known_browser
from app.consents.changes import give_consent
from app.consents.continuing import continue_consent, note_browser
from app.consents.ends import read_end
from app.consents.installations import Predecessor, installation_of, mark_browser, new_installation
from app.consents.introductions import write_introduction
from app.consents.snapshot import ConsentSnapshot
from app.memories.mementos import MementoSummary
from app.oauth.endpoints.decision.summary import Summary
from app.oauth.endpoints.waiting import Flow
from app.scopes import SCOPES

#: The name of the question in the form. An empty answer is "another one".
SAME = "same"


class Offered(Struct, frozen=True):
    """An earlier connection, as the page names it. ``mementos`` are names, with whether it may change what is in it."""

    grant_id: str
    called: str
    app_name: str
    issued_at: datetime
    used_at: datetime
    ended_at: datetime | None
    paused_at: datetime | None
    expires_at: datetime | None
    is_of_this_browser: bool
    selection: str | None
    mementos: list[tuple[str, bool]]
    saved: MementoSummary | None
    has_name: bool
    #: What it may do, in sentences, that the earlier one might not.
    more: list[str]
    #: Whether another one reads the same but for the time of the day.
    needs_time: bool
    is_chosen: bool


def describe_predecessors(summary: Summary, chosen: str | None) -> list[Offered]:
    """Returns the earlier connections for the page; ``chosen`` is the answer when the page is shown again."""
    days = Counter((one.called, one.issued_at.date()) for one in summary.offered)
    return [
        Offered(
            grant_id=one.grant_id,
            called=one.called,
            app_name=one.app_name,
            issued_at=one.issued_at,
            used_at=one.used_at,
            ended_at=one.ended_at,
            paused_at=one.paused_at,
            expires_at=one.expires_at,
            is_of_this_browser=one.is_of_this_browser,
            selection=None if one.choice is None else one.choice.selection,
            mementos=[(memento.name, _may_change(one, memento)) for memento in summary.seen_by(one)],
            saved=summary.own.get(one.saved_memento_id or ""),
            has_name=bool(one.name),
            more=[SCOPES[name] for name in summary.list_more_than(one)],
            needs_time=days[one.called, one.issued_at.date()] > 1,
            is_chosen=one.grant_id == chosen,
        )
        for one in summary.offered
    ]


def _may_change(one: Predecessor, memento: MementoSummary) -> bool:
    return one.choice is not None and one.choice.can_write[memento.id]


def write_down(
    flow: Flow, summary: Summary, same: Predecessor | None, until: str | None, **given: Any
) -> ConsentSnapshot:
    """Write down what was allowed: to a new connection, to the one that asks, or to one that is the ``same``.

    Returns the consent. Raises :class:`~app.consents.continuing.AlreadyContinued`.
    """
    installation = installation_of(flow.client)
    to_whom = {"user_id": current_user.id, "client_key": flow.client.key}
    present = summary.consent.expires_at if summary.consent else None
    if same is not None:
        # An end that was set before is kept, unless another one was chosen: nothing is prolonged in passing.
        given["expires_at"] = same.expires_at if until == "forever" else read_end(until, same.expires_at)
        consent = continue_consent(flow.connection, same.grant_id, installation=installation, **to_whom, **given)
    else:
        given["expires_at"] = read_end(until, present)
        # It was paused, as the button said, and as the facts that were just compared say.
        to_whom["installation"] = new_installation() if installation is None else installation
        consent = give_consent(flow.connection, resumes=True, **to_whom, **given)
    # A device's answer is received by nobody but the device.
    receiver = flow.request.payload.redirect_uri or ""
    write_introduction(flow.connection, consent.grant_id, flow.client, summary.client["name"], receiver)
    if flow.client.organization_id is None:
        mark = mark_browser(find_known_browser(current_user), consent.grant_id)
        note_browser(flow.connection, consent.grant_id, mark)
    return consent
