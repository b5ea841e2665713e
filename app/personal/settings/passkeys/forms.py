"""The form of a passkey's name. Its rule is that of ``accounts.passkeys``."""

from flask_wtf import FlaskForm
from wtforms import Field, StringField, ValidationError
from wtforms.validators import InputRequired

from app.accounts.passkeys.kept import MOST_NAME_LENGTH, normalize_passkey_name
from app.sentences import _, sentence_of


def _is_a_name(_form: FlaskForm, field: Field) -> None:
    try:
        field.data = normalize_passkey_name(field.data)
    except ValueError as error:
        raise ValidationError(sentence_of(error)) from None


class PasskeyForm(FlaskForm):
    name = StringField(
        _("Name of the passkey"),
        [InputRequired(_("Enter a name, such as that of the device.")), _is_a_name],
        description=_("For you alone, to tell one from another."),
        render_kw={"autocomplete": "off", "maxlength": MOST_NAME_LENGTH},
    )
