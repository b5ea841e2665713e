"""What is wrong with what was sent to a page: every error of its forms, for the one summary that all pages share."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context
from wtforms import Field, FieldList, FormField
from wtforms.form import BaseForm
from wtforms.widgets import HiddenInput

from app.sentences import _

#: Under these names a page hands over what is wrong beside its forms: a sentence, a list of them, or a :class:`Problem`.
_SENTENCES = ("problem", "error", "errors")


class Problem(NamedTuple):
    """One sentence for a person, and the id of the field it is about; None when no field that can be seen has it."""

    sentence: str
    field_id: str | None = None


def init_app(app: Flask) -> None:
    """Let the page's frame list them."""
    app.jinja_env.globals["page_problems"] = list_page_problems


def find_problems(form: BaseForm) -> list[Problem]:
    """Returns every error of the form as a sentence: those about the whole form first, then field by field."""
    return [Problem(sentence) for sentence in _sentences(form.form_errors)] + [
        problem for field in form for problem in _find_field_problems(field)
    ]


@pass_context
def list_page_problems(context: Context) -> list[Problem]:
    """Returns what is wrong with every form that the page was given, and beside them; each sentence once."""
    given = context.get_all()
    found = [problem for form in given.values() if isinstance(form, BaseForm) for problem in find_problems(form)]
    at_fields = {problem.sentence for problem in found if problem.field_id}
    beside = [problem for name in _SENTENCES for problem in _listed(given.get(name))]
    return list(dict.fromkeys([one for one in beside if one.sentence not in at_fields] + found))


def _find_field_problems(field: Field) -> Iterator[Problem]:
    if isinstance(field, FormField):
        yield from find_problems(field.form)
        return
    if isinstance(field, FieldList):
        for entry in field.entries:
            yield from _find_field_problems(entry)
    field_id = None if isinstance(field.widget, HiddenInput) else field.id
    # The errors of a list's entries stand in its own once more, as lists.
    for error in field.errors:
        if not isinstance(error, list | tuple | dict):
            # An error without words is one all the same.
            yield Problem(_told(error) or _("Look at “%(field)s” again.", field=field.label.text), field_id)


def _listed(given: str | Problem | list[str] | None) -> list[Problem]:
    if isinstance(given, Problem):
        return [given]
    return [Problem(sentence) for sentence in ([given] if isinstance(given, str) and given else given or ())]


def _sentences(errors: Iterable[Any]) -> list[str]:
    return [_told(error) or _("Something is not right yet. Look it over and send it again.") for error in errors]


def _told(error: Any) -> str:
    """Returns what the error says, with its mark if it has one; an empty string when it says nothing."""
    return error if isinstance(error, str) and error.strip() == error else str(error).strip()
