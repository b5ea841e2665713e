"""``/account/apps/ended``: the apps that were connected; what each of them was allowed and did stays to be seen."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.clients.trust import find_trust
from app.consents.models import Consent
from app.extensions import db
from app.memories.keeping_back import shared_only
from app.oauth.endpoints.logo import logo_url
from app.paging import read_page
from app.personal import blueprint
from app.personal.apps.connections import count_mementos, find_neighbours, list_windows
from app.personal.apps.endings import find_endings, list_ended
from app.scopes import SCOPES, parse_scope, reaches_memories


@blueprint.get("/apps/ended")
def show_ended() -> ResponseReturnValue:
    """Every app that was connected: what it did stays."""
    page = read_page(request.args.get("page"))
    ended, has_next = list_ended(current_user.id, page)
    endings = find_endings(current_user.id, ended)
    return render_template("personal/apps/ended.html", ended=ended, endings=endings, page=page, has_next=has_next)


def show_ended_app(consent: Consent) -> ResponseReturnValue:
    """The page of an app that was connected: nothing can be done to it."""
    before, after = find_neighbours(current_user.id, consent)
    limits = shared_only(db.session(), current_user.id)
    return render_template(
        "personal/apps/was.html",
        consent=consent,
        logo_url=logo_url(consent.client),
        trust=find_trust(consent.client),
        sentences=[SCOPES[name] for name in SCOPES if name in parse_scope(consent.scope)],
        reaches_memories=reaches_memories(parse_scope(consent.scope)),
        windows=list_windows(consent, count_mementos(current_user.id, limits)),
        ending=find_endings(current_user.id, [consent]).get(consent.grant_id),
        before=before,
        after=after,
    )
