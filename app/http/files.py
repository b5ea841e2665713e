"""Our own files, and files to take away: sent line by line, and tables that no spreadsheet takes for a program."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain, islice
from typing import Any

from flask import Flask, Response, stream_with_context

from app.http.doors import FILE

#: What a spreadsheet may read as the beginning of a formula, also in the wide signs of East Asian scripts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where a comma is the decimal sign, Excel ends a cell at a semicolon, and knows no quotes that begin after a comma.
_FORMULA_WITHIN = re.compile(r"([;\t\r\n] *)(?=[=+\-@＝＋－＠])")
#: Without it Excel takes a table for one in the machine's old 8-bit letters.
_MARK = codecs.BOM_UTF8.decode()


def init_app(app: Flask) -> None:
    """Serve our own under ``/static/``, by a route that says its door, as Flask's own could not."""
    app.static_folder = "static"
    app.add_url_rule("/static/<path:filename>", "static", app.send_static_file, door=FILE)


def send_lines(lines: Iterator[str], media_type: str, name: str) -> Response:
    """Returns an answer that a browser keeps as a file of this name: letters, digits, dots and hyphens."""
    # The first lines are read before anything is sent: if that fails, there is still an answer that says so.
    first = list(islice(lines, 3))
    response = Response(stream_with_context(chain(first, lines)), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def send_table(rows: Iterator[Iterable[Any]], name: str) -> Response:
    """Returns an answer that a browser keeps as a table (:rfc:`4180`), which a double click opens with each letter right.

    Each cell is as a spreadsheet shows it rather than computes it. Programs are given the same as JSON beside it.
    """
    return send_lines(chain((_MARK,), map(_write_row, rows)), "text/csv", name)


def _write_row(cells: Iterable[Any]) -> str:
    line = StringIO()
    csv.writer(line).writerow(_harmless(cell) for cell in cells)
    return line.getvalue()


def _harmless(value: Any) -> str:
    text = _FORMULA_WITHIN.sub(r"\1'", "" if value is None else str(value))
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
