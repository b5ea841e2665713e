"""A form that says one thing twice is not clear, and what is not clear decides nothing."""

from collections.abc import Callable, Collection
from typing import Any

from flask import Flask, abort, current_app, request
from werkzeug.datastructures import MultiDict

#: The fields that may stand in a form several times: lists of ticks. A test holds them against the templates.
LISTS = frozenset(
    [
        "added",
        "also",
        "memento_ids",
        "memory_ids",
        "new_integration_ids",
        "new_memory_ids",
        "optional_scopes",
        "pick",
        "removed",
        "scopes",
        "shown",
        "writable_ids",
    ]
)
_ANSWERS_ITSELF = "answers_unclear_forms"
_READS_ITSELF = "reads_its_own_form"


def init_app(app: Flask) -> None:
    """Refuse unclear forms before any view reads one."""
    app.before_request(_refuse_unclear_form)


def find_repeated(form: MultiDict, lists: Collection[str] = LISTS) -> str | None:
    """Returns the first field that was sent more than once, beside those that are lists."""
    return next((name for name, values in form.lists() if len(values) > 1 and name not in lists), None)


def answers_unclear_forms(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that shows its page again when a form is unclear, instead of an error page."""
    setattr(view, _ANSWERS_ITSELF, True)
    return view


def reads_its_own_form(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose form may hold a file: it says how large that may be, then asks :func:`refuse_unclear_form`."""
    setattr(view, _READS_ITSELF, True)
    return view


def refuse_unclear_form() -> None:
    """Answer a form that says one thing twice with a 400."""
    if find_repeated(request.form) is not None:
        abort(400)


def _refuse_unclear_form() -> None:
    if request.method != "POST" or request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    if not (hasattr(view, _ANSWERS_ITSELF) or hasattr(view, _READS_ITSELF)):
        refuse_unclear_form()
