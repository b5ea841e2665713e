"""Asking once before what cannot be undone, or stops others: on a page that says what it costs, and only from there."""

import hmac
from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import Field, HiddenField, SelectChoice, SelectMultipleField, StringField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput

from app.credentials import digest
from app.org.forms import OnceForm
from app.scopes import SCOPES
from app.sentences import _
from app.text import clean_name

_CHANGED = _("Something has changed since you opened this page. Look at it once more.")


class SureForm(FlaskForm):
    """The answer to “are you sure?”. ``shown`` is what the question was about; a page that showed something else,
    and a form that was made without the page, is not an answer.
    """

    sure = HiddenField()

    def __init__(self, *shown: str, **how: Any):
        super().__init__(**how)
        self._mark = digest("\0".join(shown))

    def is_sure(self) -> bool:
        """Whether the page was sent as it would be shown now. Else the form is ready to ask, and says what changed."""
        sent = self.sure.data if self.is_submitted() else ""
        is_sure = self.validate_on_submit() and hmac.compare_digest((sent or "").encode(), self._mark.encode())
        if sent and not is_sure and not self.errors:
            self.form_errors.append(_CHANGED)
        self.sure.data = self._mark
        return is_sure

    @property
    def status(self) -> int:
        """Of the page that asks: 200, 409 when something changed since it was shown first, 400 for another mistake."""
        if self.form_errors:
            return 409
        return 400 if self.errors else 200


class SureOnceForm(SureForm, OnceForm):
    """The same, for what acts once however often it is sent."""


class DemoteForm(SureForm):
    """The same, with the role that is to be given."""

    role = HiddenField()


class ScopeForm(SureForm):
    """The same, with the scopes that are to be added to an app. None of several is ticked beforehand."""

    scopes = SelectMultipleField(_("Which of them"), choices=[], option_widget=CheckboxInput(), validate_choice=False)

    def __init__(self, missing: Sequence[str], *shown: str, **how: Any):
        super().__init__(*shown, *missing, **how)
        self._missing = missing
        self.scopes.choices = [
            SelectChoice(name, Markup("<code>{}</code><br><small>{}</small>").format(name, SCOPES[name]))
            for name in missing
        ]

    @property
    def chosen(self) -> frozenset[str]:
        """What is to be added: the only one that is missing, or those of several that were ticked."""
        ticked = self._missing if len(self._missing) == 1 else self.scopes.data or ()
        return frozenset(ticked) & frozenset(self._missing)

    def validate_scopes(self, _field: Field) -> None:
        if not self.chosen:
            raise ValidationError(_("Tick what the app needs."))


class DeleteForm(SureForm):
    """The same with the name typed, so that nothing is deleted by a slip."""

    typed_name = StringField(_("Its name"), render_kw={"autocomplete": "off", "spellcheck": "false"})

    def is_certain(self, name: str) -> bool:
        """Whether the page was sent as it would be shown now, and the name was typed; else the form says so."""
        if not self.is_sure():
            return False
        if clean_name(self.typed_name.data or "") == name:
            return True
        self.typed_name.errors = [_("That is not its name. Type it exactly as it stands here.")]
        return False
