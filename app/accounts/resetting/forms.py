"""The forms of a forgotten password."""

from typing import Self

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired

from app.accounts.forms import ADDRESS, NEW_PASSWORD, TYPED_ADDRESS
from app.accounts.passwords import check_password
from app.accounts.resetting.links import OpenReset
from app.sentences import _, sentence_of


class ForgottenForm(FlaskForm):
    email = StringField(_("E-mail"), ADDRESS, render_kw=TYPED_ADDRESS)


def _acceptable(form: "NewPasswordForm", field: Field) -> None:
    try:
        check_password(field.data, form.reset.email, form.reset.name)
    except ValueError as error:
        raise ValidationError(sentence_of(error)) from None


class NewPasswordForm(FlaskForm):
    password = PasswordField(_("New password"), [InputRequired(_("Choose a password.")), _acceptable], **NEW_PASSWORD)

    #: Whose password it is to be.
    reset: OpenReset

    def for_person(self, reset: OpenReset) -> Self:
        """Returns the form, which holds the password against their name and address too."""
        self.reset = reset
        return self
