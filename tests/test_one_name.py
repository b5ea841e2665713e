"""A name is defined once. Of two tests, fixtures, functions or keys of one name, the first never does anything."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.parsed import parse, parse_file, walk
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("app", "benchmarks", "migrations", "tests")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: What has statements below it.
_WITH_BLOCKS = (ast.Module, ast.stmt, ast.ExceptHandler, ast.match_case)
#: Decorators by which a second definition adds to the first: ``@x.setter``, ``@overload``, ``@x.register``.
_ADDING = {"setter", "deleter", "getter", "overload", "register"}


def find_second_definitions(tree: ast.Module) -> Iterator[str]:
    """A sentence for each definition or key that takes the name of one before it, in the same block."""
    for node in walk(tree):
        if isinstance(node, _WITH_BLOCKS):
            for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list):
                    yield from _find_in_block(block)
        elif isinstance(node, ast.Dict):
            keys = Counter(key.value for key in node.keys if isinstance(key, ast.Constant))
            yield from (f"line {node.lineno}: the key {key!r} stands twice" for key, count in keys.items() if count > 1)


def _find_in_block(block: list[ast.stmt]) -> Iterator[str]:
    known: dict[str, int] = {}
    for node in block:
        if isinstance(node, _DEFINITIONS):
            if node.name in known and not _adds_to_the_first(node):
                yield f"line {node.lineno}: {node.name} stands on line {known[node.name]} already"
            known[node.name] = node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            known |= {(alias.asname or alias.name).partition(".")[0]: node.lineno for alias in node.names}
        elif isinstance(node, ast.Assign):
            known |= {target.id: node.lineno for target in node.targets if isinstance(target, ast.Name)}


def _adds_to_the_first(node) -> bool:
    return any(ast.unparse(decorator).split("(")[0].split(".")[-1] in _ADDING for decorator in node.decorator_list)


def test_nothing_is_defined_twice():
    found = [
        f"{path.relative_to(_ROOT)} {sentence}"
        for folder in _FOLDERS
        for path in sorted((_ROOT / folder).rglob("*.py"))
        for sentence in find_second_definitions(parse_file(path) if folder == "app" else parse(path.read_text()))
    ]
    assert not found, "\n".join(["", *found])


def test_no_template_has_two_macros_or_blocks_of_one_name():
    found = [
        f"{path.relative_to(_ROOT)}: {name}"
        for path in sorted((_ROOT / "templates").rglob("*.html"))
        for name, count in Counter(re.findall(r"\{%-? *(?:macro|block) (\w+)", path.read_text())).items()
        if count > 1
    ]
    assert found == []


_TWICE = "def test_a():\n    pass\n\n\ndef test_a():\n    pass\n"


@each(
    ("source", "name"),
    [
        (_TWICE, "test_a"),
        ("class TestX:\n" + "".join(f"    {line}\n" for line in _TWICE.splitlines()), "test_a"),
        ("import pytest\n" + _TWICE.replace("def", "@pytest.fixture\ndef"), "test_a"),
        ("from tests.x import test_a\n\n\ndef test_a():\n    pass\n", "test_a"),
        ("test_a = None\n\n\nclass test_a:\n    pass\n", "test_a"),
        ("def outer():\n    def a():\n        pass\n\n    async def a():\n        pass\n", "a stands"),
        ("x = {'a': 1, 'b': 2, 'a': 3}\n", "'a'"),
        (_TWICE.replace("test_a", "a", 1), None),
        ("try:\n    def a():\n        pass\nexcept OSError:\n    def a():\n        pass\n", None),
        ("class A:\n    @property\n    def a(self): ...\n\n    @a.setter\n    def a(self, b): ...\n", None),
    ],
)
def test_the_rule_sees(source, name):
    found = list(find_second_definitions(ast.parse(source)))
    assert [name in sentence for sentence in found] == ([True] if name else [])
