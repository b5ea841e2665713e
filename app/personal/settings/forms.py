"""The forms of ``/account/settings/``. Their rules are those of ``accounts``."""

from flask_wtf import FlaskForm
from wtforms import Field, StringField, ValidationError
from wtforms.validators import InputRequired

from app.accounts.users import MOST_NAME_LENGTH, normalize_name
from app.sentences import _, sentence_of


def _is_a_name(_form: FlaskForm, field: Field) -> None:
    try:
        field.data = normalize_name(field.data)
    except ValueError as error:
        raise ValidationError(sentence_of(error)) from None


class NameForm(FlaskForm):
    name = StringField(
        _("Your name"),
        [InputRequired(_("Enter your name.")), _is_a_name],
        description=_("Organizations you belong to see it, and the apps that you let see your profile."),
        render_kw={"autocomplete": "name", "maxlength": MOST_NAME_LENGTH},
    )
