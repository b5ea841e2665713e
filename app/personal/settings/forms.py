"""The forms of ``/account/settings/``. Their rules are those of ``accounts``."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from app.accounts.forms import ADDRESS, NEW_PASSWORD, TYPED_ADDRESS, known_password, own_name
from app.sentences import _


class PasswordForm(FlaskForm):
    old = known_password(_("Your password now"), _("Enter your password."))
    new = PasswordField(_("New password"), [InputRequired(_("Choose a password."))], **NEW_PASSWORD)


class AddressForm(FlaskForm):
    email = StringField(_("New address"), ADDRESS, render_kw=TYPED_ADDRESS | {"autocomplete": "email"})


class NameForm(FlaskForm):
    name = own_name(_("Organizations you belong to see it, and the apps that you let see your profile."))
