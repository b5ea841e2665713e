"""Our own files, and files to take away: sent line by line, and tables that no spreadsheet takes for a program."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain, islice
from typing import Any

from flask import Flask, Response, stream_with_context

from app.http.doors import FILE

#: What a spreadsheet may read as the beginning of a formula, also in the wide signs of East Asian scripts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def init_app(app: Flask) -> None:
    """Serve our own under ``/static/``, by a route that says its door, as Flask's own could not."""
    app.static_folder = "static"
    app.add_url_rule("/static/<path:filename>", "static", app.send_static_file, door=FILE)


def send_lines(lines: Iterator[str], media_type: str, name: str) -> Response:
    """Returns an answer that a browser keeps as a file of this name: letters, digits, dots and hyphens."""
    # The first lines are read before anything is sent: if that fails, there is still an answer that says so.
    first = list(islice(lines, 2))
    response = Response(stream_with_context(chain(first, lines)), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_line(cells: Iterable[Any]) -> str:
    """Returns a line of a table (:rfc:`4180`), each cell as a spreadsheet shows it rather than computes it."""
    line = StringIO()
    csv.writer(line).writerow(_harmless(cell) for cell in cells)
    return line.getvalue()


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
