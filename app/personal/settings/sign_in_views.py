"""``/account/settings/sign-in/``: with what a person signs in."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.personal import blueprint


@blueprint.get("/settings/sign-in/")
def sign_in_settings() -> ResponseReturnValue:
    """Show what there is beside the password."""
    return render_template("personal/settings/sign_in.html")
