"""Templates, each compiled once in a process although many people ask for its page first at once."""

from collections.abc import MutableMapping
from threading import RLock
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import Template


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
