"""The form of a passkey's name. Its rule is that of ``accounts.passkeys``."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired

from app.accounts.forms import normalized
from app.accounts.passkeys.kept import MOST_NAME_LENGTH, normalize_passkey_name
from app.sentences import _


class PasskeyForm(FlaskForm):
    name = StringField(
        _("Name of the passkey"),
        [InputRequired(_("Enter a name, such as that of the device.")), normalized(normalize_passkey_name)],
        description=_("For you alone, to tell one from another."),
        render_kw={"autocomplete": "off", "maxlength": MOST_NAME_LENGTH},
    )
