"""Asking once before what cannot be undone, or stops others: on a page that says what it costs, and only from there."""

import hmac
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField

from app.credentials import digest
from app.sentences import _

#: What whoever has seen another page is told, before they are shown the one of now.
HAS_CHANGED = _("Something has changed since you opened this page. Look at it once more.")


class SureForm(FlaskForm):
    """The answer to “are you sure?”. ``shown`` is what the question was about; a page that showed something else,
    and a form that was made without the page, is not an answer.
    """

    sure = HiddenField()

    def __init__(self, *shown: str, **how: Any):
        super().__init__(**how)
        self._mark = digest("\0".join(shown))

    def is_sure(self) -> bool:
        """Returns whether the page was sent as it would be shown now.

        Else the form is ready to ask, and says what changed.
        """
        sent = self.sure.data if self.is_submitted() else ""
        is_sure = self.validate_on_submit() and hmac.compare_digest((sent or "").encode(), self._mark.encode())
        if sent and not is_sure and not self.errors:
            self.form_errors.append(HAS_CHANGED)
        self.sure.data = self._mark
        return is_sure

    @property
    def status(self) -> int:
        """Of the page that asks: 200, 409 when something changed since it was shown first, 400 for another mistake."""
        if self.form_errors:
            return 409
        return 400 if self.errors else 200
