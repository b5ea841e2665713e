"""The app's files as Python reads them, for tests of how they are written. To read them all takes most of such a test."""

import ast
from functools import cache
from pathlib import Path


@cache
def parse_file(path: Path) -> ast.Module:
    """Returns the file's tree, the same one each time: nobody may change it."""
    return ast.parse(path.read_text(), str(path))
