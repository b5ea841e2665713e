"""What a spreadsheet makes of a table that it is given."""

import codecs
import csv
import io

from werkzeug.test import TestResponse


def read_table(response: TestResponse) -> list[list[str]]:
    """Returns the rows of a table that Excel reads as UTF-8, which it does by the mark at its beginning alone."""
    assert response.data.startswith(codecs.BOM_UTF8) and response.data.count(codecs.BOM_UTF8) == 1
    return list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))


def read_records(response: TestResponse) -> list[dict[str, str]]:
    """Returns a dictionary for each row, by the names in the first one."""
    names, *rows = read_table(response)
    return [dict(zip(names, row, strict=True)) for row in rows]
