"""``/account/settings/delete/``: asking to have one's account deleted, on a page that says what it means."""

from flask import render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from wtforms import Field, StringField, ValidationError
from wtforms.validators import InputRequired

from app import clock
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.users import InvalidEmail, normalize_email
from app.extensions import db
from app.leaving.asking import WEEK, LastOwnerElsewhere, ask_to_leave, find_owned_alone
from app.memories.models import Memory
from app.personal import blueprint
from app.personal.apps.connections import list_live
from app.sentences import _


def _is_own_address(_form: FlaskForm, field: Field) -> None:
    try:
        is_own = normalize_email(field.data) == current_user.email
    except InvalidEmail:
        is_own = False
    if not is_own:
        raise ValidationError(_("Type the e-mail address of this account, as it stands above."))


class DeletionForm(FlaskForm):
    """Typed, so that nobody deletes an account by a slip."""

    email = StringField(
        _("Type your e-mail address"),
        [InputRequired(_("Type the e-mail address of this account.")), _is_own_address],
        render_kw={"type": "email", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


@blueprint.get("/settings/delete/")
@needs_fresh_sign_in
def ask_about_deletion() -> ResponseReturnValue:
    return _ask(DeletionForm())


@blueprint.post("/settings/delete/")
@needs_fresh_sign_in
def delete_account() -> ResponseReturnValue:
    """Close the account at once. It goes for good in a week, unless the person signs in before."""
    form = DeletionForm(request.form)
    if not form.validate():
        return _ask(form, 400)
    email = current_user.email
    try:
        deletes_at = ask_to_leave(db.session(), current_user.id)
    except LastOwnerElsewhere:
        db.session.rollback()
        return _ask(form, 409)
    db.session.commit()
    session.clear()
    return render_template("leaving/asked.html", email=email, deletes_at=deletes_at)


def _ask(form: FlaskForm, status: int = 200) -> tuple[str, int]:
    own = select(func.count()).select_from(Memory).where(Memory.user_id == current_user.id)
    page = render_template(
        "personal/settings/deletion.html",
        form=form,
        account=current_user,
        memories=db.session.scalar(own),
        apps=len(list_live(current_user.id)),
        alone=find_owned_alone(db.session(), current_user.id),
        goes_at=clock.now() + WEEK,
    )
    return page, status
