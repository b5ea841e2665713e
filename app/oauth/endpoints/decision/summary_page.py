"""The page of the summary, in words and with what can still be changed on it."""

from flask import flash, redirect, render_template, url_for
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec.structs import replace

from app.consents.ends import End, list_ends
from app.extensions import db
from app.memories.keeping_back import count_kept_back
from app.memories.mementos import count_together, summarize_everything
from app.oauth.endpoints.decision.answers import seal_page
from app.oauth.endpoints.decision.forms import DecisionForm
from app.oauth.endpoints.decision.installations import describe_predecessors
from app.oauth.endpoints.decision.shown import Present, asks_to_write, describe_device, summary_with
from app.oauth.endpoints.decision.summary import Summary, read_summary
from app.oauth.endpoints.decision.wait import describe_wait
from app.oauth.endpoints.waiting import Flow
from app.scopes import SCOPES, parse_scope
from app.sentences import translated


def show_summary(
    flow: Flow, *, errors: list[str] | None = None, notices: list[str] | None = None
) -> ResponseReturnValue:
    summary = read_summary(flow)
    if summary.needs_mementos and not summary.has_choice and not summary.may_go_on_as_before:
        for notice in notices or ():
            flash(translated(notice), "error")
        return redirect(flow.url_for("choose_mementos"), 303)
    consent, before = summary.consent, summary.before
    page = render_template(
        "oauth/consent.html",
        form=DecisionForm(formdata=None, shown=seal_page(flow, "consent", summary.facts)),
        errors=[*(errors or []), *(notices or [])],
        client=summary.client,
        device=describe_device(flow),
        account=summary.account,
        scopes=[_describe_scope(name, summary) for name in summary.names],
        places=summary.places,
        needs_mementos=summary.needs_mementos,
        selection=summary.choice.selection,
        asks_to_write=asks_to_write(flow),
        mementos=[
            summary_with(memento, is_new=memento.id not in before, writable=summary.choice.can_write[memento.id])
            for memento in summary.mementos
        ],
        saved=summary.saved,
        predecessors=describe_predecessors(summary, http_request.form.get("same")),
        earlier_count=len(summary.predecessors),
        ends=_list_ends(consent),
        total_count=_count_reachable(summary),
        kept_back=_count_kept_back(summary),
        setting=summary.setting,
        returning=consent is not None,
        since=consent.issued_at if consent else None,
        paused_at=summary.paused_at,
        earlier=summary.earlier,
        selection_before=consent.choice.selection if consent else None,
        removed=summary.removed,
        change_url=flow.url_for("choose_mementos"),
        switch_url=flow.url_for("switch_account"),
        undo_url=url_for("personal.overview"),
        waits=describe_wait(flow),
    )
    return page, 422 if errors else 200


def _describe_scope(name: str, summary: Summary) -> dict[str, object]:
    return {
        "name": name,
        "sentence": SCOPES[name],
        "is_new": name not in summary.allowed_before,
        "is_optional": name in summary.optional,
        "is_chosen": _is_ticked(name, summary),
    }


def _is_ticked(name: str, summary: Summary) -> bool:
    if name in http_request.form.get("chooses_scopes", "").split():
        # The page is shown again: what was unticked on it stays so.
        return name in http_request.form.getlist("scopes")
    # Whoever was here before finds what they left out as they left it; what is asked for the first time is ticked.
    return summary.consent is None or name not in parse_scope(summary.consent.declined_scope)


def _list_ends(consent: Present | None) -> list[End]:
    ends = list_ends(consent.expires_at if consent else None)
    chosen = http_request.form.get("until")
    if chosen not in {end.value for end in ends}:
        return ends
    return [replace(end, chosen=end.value == chosen) for end in ends]


def _count_reachable(summary: Summary) -> int:
    if summary.choice.selection == "all":
        return summarize_everything(current_user.id, summary.limits).count
    own = [id for id in summary.choice.memento_ids if id in {*summary.own, summary.saved_id}]
    return sum(source.count for source in count_together(current_user.id, own, summary.limits)) if own else 0


def _count_kept_back(summary: Summary) -> int:
    """How many memories the app would see if the person did not keep them back from all apps."""
    if not summary.needs_mementos:
        return 0
    own = () if summary.saved is None else (summary.saved.id,)
    chosen = None if summary.choice.selection == "all" else (*summary.choice.memento_ids, *own)
    return count_kept_back(db.session(), current_user.id, summary.limits, chosen)
