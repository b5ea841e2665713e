"""Libraries without their docstrings do what they did, and a server has them so."""

import dis
import inspect
import json
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from textwrap import dedent
from types import CodeType

import pytest

from app.undocumented import LEFT_OUT, LIBRARIES, without_docstrings
from tests.tables import each

_LONG = "A sentence that is long enough. " * 5
#: What a module's code may do with a long string, and what ``seen`` is whether or not docstrings are left out.
_USES = {
    "a function returns what its docstring says": f'def f():\n "{_LONG}"\n return "{_LONG}"\nseen = f()',
    "a function without one begins with a string": f'def f(): return "{_LONG}"\nseen = f()',
    "a lambda": f'seen = (lambda: "{_LONG}")()',
    "a comprehension": f'seen = [one + "{_LONG}" for one in "ab"]',
    "a default": f'def f(a="{_LONG}"):\n "{_LONG}"\n return a\nseen = f()',
    "a generator": f'def f():\n "{_LONG}"\n yield "{_LONG}"\nseen = list(f())',
    "a name of an argument": f'def f(**named):\n "{_LONG}"\n return named\nseen = f(a="{_LONG}")',
    "a class has what its docstring says": f'class C:\n "{_LONG}"\n text = "{_LONG}"\nseen = C.text, C.__doc__',
    "a module has what its docstring says": f'"{_LONG}"\nseen = "{_LONG}", __doc__',
    "a class without one has a string": f'class C:\n text = "{_LONG}"\nseen = C.text, C.__doc__',
    "a docstring that is set": f'class C: pass\nC.__doc__ = "{_LONG}"\nseen = C.__doc__',
    "a class sets its own later": f'class C:\n text = "{_LONG}"\n __doc__ = text\nseen = C.__doc__',
}
#: Prints what a server's process has of the longest docstrings of each library.
_SERVER = """
import json, sys
from types import FunctionType
import gunicorn.app.wsgiapp, app.serving, wsgi
from app.undocumented import LIBRARIES

def is_long(one):
    text = vars(one).get("__doc__") if isinstance(one, type) else one.__doc__ if isinstance(one, FunctionType) else None
    return isinstance(text, str) and len(text) > 500

def long_ones(module):
    for name, one in list(vars(module).items()):
        if getattr(one, "__module__", None) == module.__name__:
            if any(map(is_long, [one, *(vars(one).values() if isinstance(one, type) else ())])):
                yield f"{module.__name__}.{name}"

modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in LIBRARIES]
modules = [module for module in modules if (getattr(module, "__file__", None) or "").endswith(".py")]
print(json.dumps([len(modules), sorted({one for module in modules for one in long_ones(module)})]))
"""


def run(code: CodeType) -> object:
    named = {"__name__": "module"}
    exec(code, named)
    return named["seen"]


@each("source", _USES.values(), ids=_USES)
def test_a_string_that_is_used_is_what_it_was(source):
    code = compile(source, "module.py", "exec")
    assert run(without_docstrings(code)) == run(code)


@each("body", ["def f():", "async def f():", "class f:", "class f:\n def __init__(self): pass\n", "def f():\n yield\n"])
def test_a_docstring_is_left_out(body):
    head, _, rest = body.partition("\n")
    code = compile(f'"""{_LONG}"""\n{head}\n """{_LONG}"""\n{rest}\n\nseen = f.__doc__, __doc__', "module.py", "exec")
    assert run(code) == (_LONG, _LONG)
    assert run(without_docstrings(code)) == (LEFT_OUT, LEFT_OUT)


def test_one_that_stands_in_what_stands_in_another_is_left_out():
    source = f"""
    def outer():
        class Inner:
            def innermost(self):
                '''{_LONG}'''
        return Inner
    seen = outer().innermost.__doc__
    """
    assert run(without_docstrings(compile(dedent(source), "module.py", "exec"))) == LEFT_OUT


def test_a_short_one_and_code_without_any_are_left_as_they_are():
    code = compile('"""Short."""\ndef f():\n "Short."\n return [one for one in "ab"]', "module.py", "exec")
    assert without_docstrings(code) is code


@each(
    "name",
    ["sqlalchemy.sql.selectable", "sqlalchemy.orm.session", "werkzeug.datastructures.structures", "jinja2.nodes"],
)
def test_a_librarys_instructions_load_the_same_values(name):
    code = compile(inspect.getsource(import_module(name)), name, "exec", dont_inherit=True)
    left_out = list(compare(code, without_docstrings(code)))
    assert left_out and {value for value in left_out if not isinstance(value, str)} == set()


def compare(code: CodeType, shorter: CodeType):
    """Returns the constants that differ, after a look whether any instruction but a class's first ones loads them."""
    assert shorter.co_code == code.co_code and len(shorter.co_consts) == len(code.co_consts)
    differ = {at for at, (one, other) in enumerate(zip(code.co_consts, shorter.co_consts, strict=True)) if one != other}
    for at, (one, other) in enumerate(zip(code.co_consts, shorter.co_consts, strict=True)):
        if isinstance(one, CodeType):
            yield from compare(one, other)
            differ.discard(at)
    instructions = list(dis.get_instructions(code))
    for before, after in pairwise(instructions):
        if before.opcode in dis.hasconst and before.arg in differ:
            assert (after.opname, after.argval) == ("STORE_NAME", "__doc__")
    yield from (code.co_consts[at] for at in differ)


def test_a_server_has_its_libraries_without(tmp_path):
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "SECRET_KEY": "only-for-tests-" + "0" * 32}
    done = subprocess.run([sys.executable, "-c", _SERVER], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules, documented = json.loads(done.stdout.splitlines()[-1])
    # Some are made as the library is loaded, of pieces. It would be a third of all modules' classes and functions.
    assert modules > 200 and len(documented) < 20, documented


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_each_is_installed(library):
    assert find_spec(library) is not None
