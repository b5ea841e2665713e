"""Fields that the dashboard's forms have and WTForms has not, and the form that acts once."""

import re

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, TextAreaField
from wtforms.validators import ValidationError
from wtforms.widgets import NumberInput

from app.once import is_token, new_token
from app.sentences import _

WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class LinesField(TextAreaField):
    """A list of texts, one a line. Space around a line and empty lines do not count."""

    def _value(self) -> str:
        return "\n".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        lines = _LINE_BREAK.split(valuelist[0]) if valuelist else []
        self.data = [line.strip(" \t") for line in lines if line.strip(" \t")]


class SecondsField(Field):
    """A number of seconds, or None when left empty."""

    widget = NumberInput()

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            if not WHOLE_NUMBER.fullmatch(text):
                raise ValueError(_("Write a whole number of seconds."))
            self.data = int(text)


class OnceForm(FlaskForm):
    """A form that acts once (see :mod:`app.once`)."""

    once = HiddenField(default=new_token)

    def validate_once(self, field: Field) -> None:
        # A field that was not sent holds its default, a token that nobody has seen.
        if not field.raw_data or not is_token(field.data):
            field.data = new_token()
            raise ValidationError(_("This page was not sent whole. Look it over and send it again."))
