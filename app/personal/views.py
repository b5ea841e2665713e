"""``/account/``: the apps and mementos of a person at a glance."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec.structs import replace

from app.accounts.notices.told import count_unseen, list_notices
from app.consents.ends import list_ends
from app.consents.standing.attention import find_attention
from app.consents.uses import find_uses
from app.extensions import db
from app.memories.mementos import list_mementos, summarize_everything
from app.personal import blueprint
from app.personal.apps.cards import list_cards
from app.personal.sessions.places import list_places

_MOST_APPS, _MOST_NOTICES, _MOST_MEMENTOS = 2, 1, 4


@blueprint.get("/")
def overview() -> ResponseReturnValue:
    """The apps that were used last, every memento, and how many places the person is signed in at."""
    mementos = list_mementos(current_user.id)
    found = list_cards(current_user.id, size=_MOST_APPS, mementos=mementos)
    notices = list_notices(db.session(), current_user.id, size=_MOST_NOTICES, unseen=True)
    return render_template(
        "personal/overview.html",
        notices=notices[:_MOST_NOTICES],
        # The page stays as short as it is without.
        most_mementos=_MOST_MEMENTOS - len(notices[:_MOST_NOTICES]),
        unseen=count_unseen(db.session(), current_user.id) if notices else 0,
        account=current_user,
        everything=summarize_everything(current_user.id),
        found=found,
        attention=[one for one in map(find_attention, found.live) if one is not None],
        ends=[replace(end, chosen=end.value == "month") for end in list_ends(None) if end.value != "day"],
        mementos=mementos,
        uses=find_uses(db.session(), current_user.id),
        places=list_places(current_user.id, current_user.session_id),
    )
