"""The form by which a person calls a connection what they like."""

from flask_wtf import FlaskForm
from wtforms import Field, StringField, ValidationError
from wtforms.validators import Length

from app.sentences import _
from app.text import clean_line, find_line_problem

_LONGEST = 100


class ConnectionNameForm(FlaskForm):
    """What the person calls a connection; nothing is what the app calls itself."""

    name = StringField(
        _("What you call it"),
        validators=[Length(max=_LONGEST, message=_("Write at most 100 characters."))],
        filters=[lambda text: clean_line(text or "")],
        description=_(
            "For example “Cursor on the laptop”. If you leave it empty, it goes by its own name. Only you see this."
        ),
        render_kw={"maxlength": _LONGEST, "autocomplete": "off"},
    )

    def validate_name(self, field: Field) -> None:
        """Raises ``ValidationError`` for a name that is not words on one line."""
        problem = find_line_problem(field.data) if field.data else None
        if problem is not None:
            raise ValidationError(_("That name %(problem)s", problem=problem))
