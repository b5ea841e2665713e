"""The forms of ``/account/settings/``. Their rules are those of ``accounts``."""

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from app.accounts.passwords import LEAST_LENGTH, MOST_LENGTH
from app.accounts.users import MOST_EMAIL_LENGTH, MOST_NAME_LENGTH, normalize_email, normalize_name
from app.sentences import _, sentence_of


def _is_a_name(_form: FlaskForm, field: Field) -> None:
    try:
        field.data = normalize_name(field.data)
    except ValueError as error:
        raise ValidationError(sentence_of(error)) from None


def _is_an_address(_form: FlaskForm, field: Field) -> None:
    try:
        field.data = normalize_email(field.data)
    except ValueError as error:
        raise ValidationError(sentence_of(error)) from None


class PasswordForm(FlaskForm):
    old = PasswordField(
        _("Your password now"),
        [
            InputRequired(_("Enter your password.")),
            Length(max=MOST_LENGTH, message=_("That is too long to be your password.")),
        ],
        render_kw={"autocomplete": "current-password"},
    )
    # No maxlength here: a browser would cut a longer password without a word.
    new = PasswordField(
        _("New password"),
        [InputRequired(_("Choose a password."))],
        description=_(
            "%(least)s to %(most)s characters. A short sentence is easy to remember.",
            least=LEAST_LENGTH,
            most=MOST_LENGTH,
        ),
        render_kw={"autocomplete": "new-password", "minlength": LEAST_LENGTH},
    )


class AddressForm(FlaskForm):
    # Not of the type "email": browsers hold that against ASCII alone, and our rule takes every alphabet (RFC 6531).
    email = StringField(
        _("New address"),
        [InputRequired(_("Enter your e-mail address.")), _is_an_address],
        render_kw={
            "inputmode": "email",
            "autocomplete": "email",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": MOST_EMAIL_LENGTH,
        },
    )


class NameForm(FlaskForm):
    name = StringField(
        _("Your name"),
        [InputRequired(_("Enter your name.")), _is_a_name],
        description=_("Organizations you belong to see it, and the apps that you let see your profile."),
        render_kw={"autocomplete": "name", "maxlength": MOST_NAME_LENGTH},
    )
