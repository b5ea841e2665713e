"""The forms of the authorization screens. What is picked is read from the lists of the page, not declared here."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from app.sentences import _


class MementoChoiceForm(FlaskForm):
    """Which mementos, and perhaps a new one made right there."""

    new_name = StringField(
        _("Name of the new memento"), validators=[Length(max=100)], render_kw={"autocomplete": "off"}
    )


class DecisionForm(FlaskForm):
    """Authorize or cancel. What is decided on waits server-side; ``shown`` says which state of it the page showed."""

    shown = HiddenField()
