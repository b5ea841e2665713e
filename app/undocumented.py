"""Libraries are loaded without their docstrings, which nobody reads in a server and each worker would keep: three megabytes.

As ``python -OO`` does, but ``assert`` stays. Those of other libraries stay, too: Flask's and ours are the help of commands.
"""

import opcode
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from operator import is_
from types import CodeType, ModuleType

#: Packages with many of them.
LIBRARIES = frozenset({"authlib", "babel", "jinja2", "sqlalchemy", "werkzeug", "wtforms"})
#: What they say instead. SQLAlchemy insists that some say something.
LEFT_OUT = "Left out."
# What is shorter weighs less than it takes to leave it out.
_SHORT = 120
_OPTIMIZED = 1
_LOAD, _STORE = bytes([opcode.opmap["LOAD_CONST"]]), bytes([opcode.opmap["STORE_NAME"]])
_LOADS_FIRST = [bytes([operation, 0]) for operation in opcode.hasconst]


def without_docstrings(code: CodeType) -> CodeType:
    """Returns the code of a module, class or function without its long docstring, and so with all that is in it."""
    before = after = code.co_consts
    if CodeType in map(type, before):
        after = tuple([without_docstrings(one) if type(one) is CodeType else one for one in before])
    if code.co_flags & _OPTIMIZED:
        # A function's is its first constant, which nothing loads.
        if before and _is_long(before[0]):
            instructions = code.co_code
            if not any(load in instructions for load in _LOADS_FIRST):
                after = (LEFT_OUT, *after[1:])
    elif "__doc__" in code.co_names:
        at = _find_stored(code)
        if at is not None and _is_long(before[at]):
            after = (*after[:at], LEFT_OUT, *after[at + 1 :])
    return code if all(map(is_, before, after)) else code.replace(co_consts=after)


def _find_stored(code: CodeType) -> int | None:
    """Returns which constant a module or a class stores as its docstring, and uses for nothing else."""
    instructions = code.co_code
    place = instructions.find(_STORE + bytes([code.co_names.index("__doc__") % 256]))
    load = instructions[max(place - 2, 0) : max(place, 0)]
    return load[1] if load.startswith(_LOAD) and instructions.count(load) == 1 else None


def _is_long(constant: object) -> bool:
    return type(constant) is str and len(constant) > _SHORT


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        return code and without_docstrings(code)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in LIBRARIES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


_finder = _Finder()


def leave_out_docstrings() -> None:
    """From here on, where a library of :data:`LIBRARIES` is imported."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
