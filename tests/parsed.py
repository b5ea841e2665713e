"""The app's files as Python reads them, for tests of how they are written. To read them all takes most of such a test."""

import ast
import gc
from functools import cache
from pathlib import Path


def parse(source: str, name: str = "<source>") -> ast.Module:
    """Returns the tree of a source. None of it is garbage meanwhile, and to look for some takes as long as to parse."""
    is_looked_for = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source, name)
    finally:
        if is_looked_for:
            gc.enable()


@cache
def parse_file(path: Path) -> ast.Module:
    """Returns the file's tree, the same one each time: nobody may change it."""
    return parse(path.read_text(), str(path))


@cache
def nodes_of_file(path: Path) -> list[ast.AST]:
    """Returns every node of the file's tree, in the order of :func:`walk`."""
    return walk(parse_file(path))


def walk(tree: ast.AST) -> list[ast.AST]:
    """Returns every node from this one down, in ``ast.walk``'s order and in half its time.

    But for ``Load`` and ``Store``, which are the same two objects everywhere.
    """
    nodes = [tree]
    for node in nodes:
        nodes += children_of(node)
    return nodes


def children_of(node: ast.AST) -> list[ast.AST]:
    """Returns the nodes right below this one."""
    children = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            children += [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            children.append(value)
    return children


#: Fields that hold a word, a number, or what is read of a name.
_WITHOUT_NODES = {"arg", "attr", "ctx", "id", "kind", "level", "module", "type_comment"}
#: Where the nodes below one stand, for each kind of node.
_FIELDS = {
    kind: [name for name in kind._fields if kind is not ast.Constant and name not in _WITHOUT_NODES]
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
