"""A table of cases as one test: ``@each`` in place of ``@pytest.mark.parametrize``.

What a case needs is made once for the whole table instead of once for each line, and put back after each line that has
changed it. Each line that fails is named with its own traceback, and the others are still tried. It is for tables whose
fixtures leave nothing but rows and cookies behind.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.actors import Browser


def each(names: str | Sequence[str], rows: Iterable, ids: Iterable[str] | Callable | None = None) -> Callable:
    """Have the test tried with each row. ``names``, ``rows`` and ``ids`` are those of ``pytest.mark.parametrize``."""
    is_one = isinstance(names, str) and "," not in names
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    table = list(_read(rows, ids, is_one))
    assert table and all(len(values) == len(names) for _, values in table), names

    def decorate(test: Callable) -> Callable:
        signature = inspect.signature(test)
        others = [value for name, value in signature.parameters.items() if name not in names and name != "request"]
        request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD)

        def whole_table(*owner: Any, request: Any, **given: Any) -> None:
            __tracebackhide__ = True
            subtests = request.getfixturevalue("subtests")
            anew = request.getfixturevalue("anew") if "app" in request.fixturenames else None
            browsers = [value for value in given.values() if isinstance(value, Browser)]
            if "request" in signature.parameters:
                given["request"] = request
            for id, values in table:
                try:
                    with anew(*browsers) if anew else nullcontext():
                        test(*owner, **given, **dict(zip(names, values, strict=True)))
                except (Exception, pytest.fail.Exception):
                    # Only what is told of a line costs something.
                    with subtests.test(id):
                        raise

        wraps(test)(whole_table)
        # What is asked for: pytest would ask for a fixture of each name.
        whole_table.__signature__ = signature.replace(parameters=[*others, request])
        return whole_table

    return decorate


def _read(rows: Iterable, ids: Iterable[str] | Callable | None, is_one: bool) -> Iterable[tuple[str, tuple]]:
    named_ids = None if ids is None or callable(ids) else list(ids)
    for place, row in enumerate(rows):
        id, values = None, (row,) if is_one else tuple(row) if not isinstance(row, ParameterSet) else ()
        if isinstance(row, ParameterSet):
            assert not row.marks, "A line of a table has no marks of its own."
            id, values = row.id, row.values
        if id is None:
            named = ids(values[0]) if callable(ids) else named_ids[place] if named_ids else None
            id = named if named is not None else "-".join(_name(value) for value in values)
        yield str(id), tuple(values)


def _name(value: Any) -> str:
    text = value if isinstance(value, str) else getattr(value, "__name__", None) or repr(value)
    return ascii(text)[1:-1][:80] if isinstance(value, str) else text[:80]
