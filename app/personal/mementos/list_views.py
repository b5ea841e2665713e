"""``/account/mementos/``: what I have named, a page at a time, and found by what the page tells."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.consents.saved import find_savings
from app.consents.uses import find_all_seeing, find_makers, find_uses
from app.extensions import db
from app.memories.mementos import list_integrations, list_mementos
from app.memories.previews import tells
from app.paging import read_page
from app.personal import blueprint

# Three windows of a phone.
_MOST_LISTED = 8
_LONGEST_WORDS = 100


@blueprint.get("/mementos/")
def mementos() -> ResponseReturnValue:
    """A page of the mementos by name, or of those of which the page tells all words of a search."""
    every, words = list_mementos(current_user.id), " ".join(request.args.get("q", "").split())[:_LONGEST_WORDS]
    found = [one for one in every if tells(one, words.split())]
    page = read_page(request.args.get("page"))
    return render_template(
        "personal/mementos/list.html",
        mementos=found[(page - 1) * _MOST_LISTED : page * _MOST_LISTED],
        total=len(every),
        words=words,
        page=page,
        has_next=len(found) > page * _MOST_LISTED,
        uses=find_uses(db.session(), current_user.id),
        all_seeing=find_all_seeing(db.session(), current_user.id),
        savings=find_savings(db.session(), current_user.id),
        makers=find_makers(db.session(), current_user.id),
        integrations=list_integrations(current_user.id),
    )
