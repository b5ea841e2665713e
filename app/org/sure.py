"""What the dashboard asks once before it is done, with what is typed or ticked beside the answer."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from wtforms import Field, HiddenField, SelectChoice, SelectMultipleField, StringField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput

from app.http.sure import SureForm
from app.org.forms import OnceForm
from app.scopes import SCOPES
from app.sentences import _
from app.text import clean_name


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
        """Returns whether the page was sent as it would be shown now, and the name was typed; else the form says so."""
        if not self.is_sure():
            return False
        if clean_name(self.typed_name.data or "") == name:
            return True
        self.typed_name.errors = [_("That is not its name. Type it exactly as it stands here.")]
        return False
