"""``/operator/people``: everybody with an account, found by name or address, and switching an account off and on."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.accounts.disabling import disable_account, enable_account
from app.accounts.models import User
from app.accounts.people import STATES, find_accounts
from app.extensions import db
from app.http.sure import SureForm
from app.operator import blueprint
from app.operator.pages import PAGE_SIZE, Question, ask, check_id, read_looked
from app.sentences import _
from app.text import isolated


@blueprint.get("/people")
def list_people() -> ResponseReturnValue:
    """Everybody, by address; or those whose name or address holds what is looked for."""
    looked = read_looked(request.args.get("q", ""), request.args.get("page", ""))
    state = request.args.get("state", "") if request.args.get("state") in STATES else ""
    people, total = find_accounts(db.session(), query=looked.query, state=state, most=PAGE_SIZE, skipped=looked.skipped)
    return render_template(
        "operator/people.html", people=people, total=total, looked=looked, state=state, states=STATES
    )


@blueprint.route("/people/<user_id>/disable", methods=["GET", "POST"])
def disable(user_id: str) -> ResponseReturnValue:
    """Ask, and switch the account off."""
    user = _get_user(user_id)
    if user.id == current_user.id:
        flash(gettext("You cannot disable your own account here: you would be locked out."), "error")
        return redirect(url_for("operator.list_people"), 303)
    form = SureForm("disable", user.id, user.email)
    if not form.is_sure():
        return ask(_disabling(user), "people", form)
    disable_account(db.session(), user.id, actor_user_id=current_user.id)
    db.session.commit()
    flash(gettext("The account of %(name)s is disabled.", name=isolated(user.name)))
    return redirect(url_for("operator.list_people", q=user.email), 303)


@blueprint.route("/people/<user_id>/enable", methods=["GET", "POST"])
def enable(user_id: str) -> ResponseReturnValue:
    """Ask, and switch the account on."""
    user = _get_user(user_id)
    form = SureForm("enable", user.id, user.email)
    if not form.is_sure():
        return ask(_enabling(user), "people", form)
    enable_account(db.session(), user.id, actor_user_id=current_user.id)
    db.session.commit()
    flash(gettext("The account of %(name)s is enabled.", name=isolated(user.name)))
    return redirect(url_for("operator.list_people", q=user.email), 303)


def _get_user(user_id: str) -> User:
    return db.session.get(User, check_id(user_id)) or abort(404)


def _disabling(user: User) -> Question:
    return Question(
        title=_("Disable the account of %(name)s?", name=isolated(user.name)),
        costs=(
            _("It is %(email)s.", email=isolated(user.email)),
            _("Nobody can sign in to it, and every session, token and app of it stops at once."),
            _("Nothing is deleted: all of it goes on when you enable the account."),
        ),
        button=_("Disable the account"),
        keep=_("Leave it as it is"),
        back=url_for("operator.list_people", q=user.email),
    )


def _enabling(user: User) -> Question:
    return Question(
        title=_("Enable the account of %(name)s?", name=isolated(user.name)),
        costs=(
            _("It is %(email)s.", email=isolated(user.email)),
            _("Sessions, tokens and apps that have not ended meanwhile go on at once."),
        ),
        button=_("Enable the account"),
        keep=_("Leave it as it is"),
        back=url_for("operator.list_people", q=user.email),
        stops=False,
    )
