"""``/operator/mail``: letters that wait or did not go out, why, and what is to become of each."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.config import settings
from app.config.smtp_url import read_smtp_url
from app.extensions import db
from app.http.sure import SureForm
from app.mail.looking_after import count_stuck, drop_letter, find_stuck, list_stuck, send_again
from app.mail.models import OutgoingMail, State
from app.operator import blueprint
from app.operator.pages import PAGE_SIZE, Question, ask, check_id, read_looked
from app.sentences import _, translated
from app.text import isolated

_ON_ITS_WAY = _("The letter is on its way at this moment, or is over. Look at it once more.")


@blueprint.get("/mail")
def list_mail() -> ResponseReturnValue:
    """The latest first."""
    looked = read_looked("", request.args.get("page", ""))
    letters = list_stuck(db.session(), most=PAGE_SIZE, after=looked.skipped)
    url = settings().smtp_url
    return render_template(
        "operator/mail.html",
        letters=letters,
        total=count_stuck(db.session()),
        looked=looked,
        server=read_smtp_url(url).name if url else "",
        sends_mail=settings().sends_mail,
    )


@blueprint.route("/mail/<letter_id>/send", methods=["GET", "POST"])
def send_letter(letter_id: str) -> ResponseReturnValue:
    """Ask, and let the letter go out now."""
    letter = _get_letter(letter_id)
    form = SureForm("send", letter.id, letter.state)
    if not form.is_sure():
        return ask(_sending(letter), "mail", form)
    if send_again(db.session(), letter.id, actor_user_id=current_user.id):
        db.session.commit()
        flash(gettext("The letter goes out now."))
    else:
        flash(translated(_ON_ITS_WAY), "error")
    return redirect(url_for("operator.list_mail"), 303)


@blueprint.route("/mail/<letter_id>/drop", methods=["GET", "POST"])
def drop(letter_id: str) -> ResponseReturnValue:
    """Ask, and let go of the letter."""
    letter = _get_letter(letter_id)
    form = SureForm("drop", letter.id, letter.state)
    if not form.is_sure():
        return ask(_dropping(letter), "mail", form)
    if drop_letter(db.session(), letter.id, actor_user_id=current_user.id):
        db.session.commit()
        flash(gettext("The letter is not sent."))
    else:
        flash(translated(_ON_ITS_WAY), "error")
    return redirect(url_for("operator.list_mail"), 303)


def _get_letter(letter_id: str) -> OutgoingMail:
    return find_stuck(db.session(), check_id(letter_id)) or abort(404)


def _sending(letter: OutgoingMail) -> Question:
    may_be_there = letter.state == State.UNCERTAIN
    return Question(
        title=_("Send this letter now?"),
        costs=(
            _("It goes to %(email)s.", email=isolated(letter.recipient)),
            _("It may have arrived already, and then arrives twice. A link in the first one stops working.")
            if may_be_there
            else _("It has not arrived. It is written anew, with a new link if it has one."),
        ),
        button=_("Send it now"),
        keep=_("Leave it as it is"),
        back=url_for("operator.list_mail"),
        stops=False,
    )


def _dropping(letter: OutgoingMail) -> Question:
    return Question(
        title=_("Drop this letter?"),
        costs=(
            _("It was for %(email)s.", email=isolated(letter.recipient)),
            _("It is never sent, and what it was to tell is forgotten. There is no way back."),
        ),
        button=_("Drop the letter"),
        keep=_("Keep it"),
        back=url_for("operator.list_mail"),
    )
