"""Whatever the README and the changelog name is there: addresses, calls, commands, make targets, files, flags."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.demonstration.seeds import seed
from app.extensions import db
from tests.forked.popen import run_forked
from tests.server import GUNICORN, environ_of_machine
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent
_DOCUMENTS = {name: (_ROOT / name).read_text() for name in ("README.md", "CHANGELOG.md")}
_BASE = "/api/v1/"
_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD"


def _spans(document: str) -> list[str]:
    """What stands between backticks, outside of blocks."""
    prose = re.sub(r"```.*?```", "", _DOCUMENTS[document], flags=re.DOTALL)
    return list(dict.fromkeys(re.findall(r"`([^`]+)`", prose)))


def _in_both(pattern: str) -> list[str]:
    spans = dict.fromkeys(span for document in _DOCUMENTS for span in _spans(document))
    return [span for span in spans if re.fullmatch(pattern, span)]


# -- addresses -----------------------------------------------------------------------------------


@each("address", _in_both(r"/\S*"))
def test_an_address_that_is_named_answers(app, browser, address):
    """Perhaps it asks who it is, or for a POST; but it is not nothing."""
    if address == "/demonstration/":
        # As `make run` does.
        with app.app_context():
            seed()
            db.session.commit()
    if address == "/metrics":
        # At the management port alone, where tests/metrics ask for it.
        return
    answer = browser.follow(browser.get(address))
    if address == "/operator/":
        # As if it were not there, for everybody else.
        assert answer.status_code == 404
        return
    assert answer.status_code in (200, 303, 401, 405), f"{address}: {answer.status}"


@each("call", _in_both(rf"({_METHODS}) \S+"))
def test_a_call_that_is_named_is_a_route(app, call):
    method, path = call.split(" ")
    path = re.sub(r"\{\w+\}", "some_id", path).replace("…", "")
    adapter = app.url_map.bind("127.0.0.1")
    assert adapter.match(path if path.startswith("/") else _BASE + path, method)


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_no_address_is_named_that_no_test_reads(document):
    """A host of ours with a path would be read by none of those above."""
    assert [span for span in _spans(document) if re.match(r"https?://127\.0\.0\.1:(8000|\$PORT)/", span)] == []


# -- commands ------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@each("command", _in_both(r"([A-Z_]+=\S+ )?make .*"))
def test_a_make_target_that_is_named_is_one(command):
    *settings, _, target = shlex.split(command)
    done = subprocess.run(["make", "-n", target, *settings], cwd=_ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert target == "help" or "python -m" in done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_the_makefile_explains_every_target_that_is_for_people():
    makefile = (_ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[1].split())
    told = subprocess.run(["make", "help"], cwd=_ROOT, capture_output=True, text=True, timeout=20).stdout
    explained = set(re.findall(r"^  make (\S+)", told, re.MULTILINE))
    assert explained == {target for target in targets if "installed" not in target}
    assert {"run", "test"} <= explained


_BENCHMARK_FLAGS = ("--quick", "--tokens", "--only")


@pytest.mark.parametrize("command", _in_both(r"\.venv/bin/python -m benchmarks(\.\w+)?"))
def test_the_benchmarks_take_the_flags_that_are_named(command):
    words = [sys.executable, *shlex.split(command)[1:], "--help"]
    done = run_forked(words, cwd=_ROOT, env=environ_of_machine(), timeout=60)
    flags = _BENCHMARK_FLAGS if command.endswith("benchmarks") else ("--quick",)
    assert done.returncode == 0 and all(flag in done.stdout for flag in flags)


def test_production_is_started_as_the_tests_start_it():
    assert GUNICORN in _spans("README.md")


def test_no_command_is_named_that_no_test_runs():
    """``flask …`` is looked after in tests/test_every_command.py."""
    known = r"(\.venv/bin/)?(flask( .*)?|python -m benchmarks(\.\w+)?)|([A-Z_]+=\S+ )?make .*|gunicorn .*|apt-get install .*"
    programs = r"(flask|make|python3?|gunicorn|pip|uv|pytest|bash|sh|curl|docker)\b.*"
    named = _in_both(rf"(\./|\.venv/|[A-Z_]+=\S+ )\S.*|{programs}")
    assert [one for one in named if not re.fullmatch(known, one) and not one.startswith("CODE=")] == []


@each("flag", _in_both(r"--[a-z-]+"))
def test_a_flag_that_is_named_is_one(app, flag):
    flags = {name for command in _commands(app.cli) for option in command.params for name in option.opts}
    assert flag in flags | {"--help", *_BENCHMARK_FLAGS}


def _commands(group):
    if hasattr(group, "load"):
        group.load()
    for command in group.commands.values():
        yield from _commands(command) if hasattr(command, "commands") else [command]


# -- files ---------------------------------------------------------------------------------------


@each("name", [one for one in _in_both(r"[\w./]+(\.py|\.sh|/)") if not one.startswith("/")])
def test_a_file_or_folder_that_is_named_is_there(app, name):
    """Or a part of the API, which is named without what all its addresses begin with."""
    if any(rule.rule == _BASE + name for rule in app.url_map.iter_rules()):
        return
    if name == "instance/":
        # Made by the first start, and no part of the repository.
        assert "instance/" in (_ROOT / ".gitignore").read_text()
        return
    places = [_ROOT, *(_ROOT / "app").rglob("*/"), _ROOT / "app", *(_ROOT / "tests").rglob("*/"), _ROOT / "tests"]
    assert any((place / name).exists() for place in places), name


def _drawn() -> list[str]:
    """The paths of the drawn house: what stands before two spaces, below what is indented less."""
    block = re.search(r"^```\n(app/\n.*?)^```", _DOCUMENTS["README.md"], re.DOTALL | re.MULTILINE)[1]
    paths, above = [], {}
    for line in block.splitlines():
        depth = len(line) - len(line.lstrip())
        if depth > 20:
            continue
        names = [name for name in re.split(r",? +", line.strip().split("  ")[0]) if name]
        folder = "".join(above[one] for one in sorted(above) if one < depth)
        above = {one: name for one, name in above.items() if one < depth} | {depth: names[0]}
        paths += [folder + (name if "/" in name or "." in name else f"{name}.py") for name in names]
    return paths


@each("path", _drawn())
def test_the_drawn_house_stands(path):
    assert (_ROOT / path).exists()


def test_the_drawn_house_has_every_room():
    """A package or a module at the top that nobody has drawn would be found by chance."""
    packages = {f"app/{path.parent.name}/" for path in (_ROOT / "app").glob("*/__init__.py")}
    modules = {f"app/{path.name}" for path in (_ROOT / "app").glob("*.py")}
    assert packages | modules <= {path for path in _drawn() if path.startswith("app/")}
