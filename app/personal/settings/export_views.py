"""``/account/settings/export/``: everything that the account holds, as one file to keep."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.accounts.fresh import needs_fresh_sign_in
from app.accounts.notices import notify
from app.extensions import db
from app.http.moments import iso_day
from app.leaving.export.archive import take_everything
from app.personal import blueprint
from app.personal.bringing.taking_out_views import send_archive


@blueprint.get("/settings/export/")
@needs_fresh_sign_in
def show_export() -> ResponseReturnValue:
    return render_template("personal/settings/export.html")


@blueprint.post("/settings/export/everything.zip")
@needs_fresh_sign_in
def take_account_along() -> ResponseReturnValue:
    """The archive, made while it is sent. That it was taken is told: whoever has it knows everything."""

    def tell() -> None:
        notify(db.session(), current_user.id, "exported")
        db.session.commit()

    name = f"account-{iso_day(clock.now())}.zip"
    return send_archive(name, lambda: take_everything(db.engine, current_user.id), tell)
