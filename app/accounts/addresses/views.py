"""``/take-back-address/`` and ``/take-back-account/``: where the letters lead that an address takes something back by.

Nobody has to be signed in: the link is enough.
"""

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.accounts.addresses.changing import AddressTaken, LinkIsOver, find_taken_back, take_back_address
from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.credentials import SESSION, new_credential
from app.extensions import db
from app.http.doors import PAGE
from app.http.moments.zones import find_zone
from app.http.routes import Blueprint
from app.sentences import _
from app.text import isolated

blueprint = Blueprint("addresses", __name__, door=PAGE)

#: Who finds themselves locked out is likely to sign up anew.
_TAKEN = _(
    "This address has an account of its own. One address can have only one account: sign in to that one, give it another"
    " address in its settings, then open this link again."
)


@blueprint.get("/take-back-address/<token>")
@blueprint.get("/take-back-account/<token>")
def ask_to_take_back(token: str) -> ResponseReturnValue:
    """Say what taking it back does. Nothing happens yet: programs that look for viruses open links too."""
    return _page(token)


@blueprint.post("/take-back-address/<token>")
@blueprint.post("/take-back-account/<token>")
def take_back(token: str) -> ResponseReturnValue:
    """Take it back, and end what whoever changed it could go on with."""
    try:
        # Before the first statement: SQLite has one writer, who should not wait for argon2.
        taken = take_back_address(db.session(), token, hash_password(new_credential(SESSION)))
    except LinkIsOver:
        db.session.rollback()
        return _page(token)
    except AddressTaken:
        db.session.rollback()
        return _page(token, _TAKEN, 409)
    db.session.commit()
    if taken.is_other:
        email = isolated(taken.email)
        flash(gettext("%(email)s is the address of your account again. Choose a new password now.", email=email))
    else:
        flash(gettext("The second step is taken off your account. Choose a new password now."))
    return redirect(taken.link, 303)


def _page(token: str, problem: str | None = None, status: int = 200) -> tuple[str, int]:
    change = find_taken_back(db.session(), token)
    if change is None:
        problem, status = problem or _("This link was used before, or it is older than a week."), 404
    # Nobody is signed in here, and the letter that led here is in the zone that the account names.
    user = None if change is None else db.session.get_one(User, change.user_id)
    zone = None if user is None else find_zone(user.time_zone)
    lost = user.email if user is not None and change is not None and user.email != change.was else None
    values = {"change": change, "lost": lost, "zone": zone, "token": token, "problem": problem}
    return render_template("accounts/take_back_address.html", **values), status
