"""What is locked: every file by its hash, and the same versions for running as for testing."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_LOCKS = ("requirements.lock", "requirements-dev.lock")
#: Where a module is called otherwise than what brings it.
_BROUGHT_BY = {"PIL": "pillow", "argon2": "argon2-cffi", "yaml": "pyyaml"}
#: What Flask, Flask-WTF and Flask-Babel are made of, and whoever uses them writes with.
_PARTS = {"babel", "click", "itsdangerous", "jinja2", "markupsafe", "werkzeug", "wtforms"}


def _pins(lock: str) -> dict[str, list[str]]:
    """name -> its versions with their conditions, without hashes."""
    pins: dict[str, list[str]] = {}
    for line in re.findall(r"^[a-z0-9].*", (_ROOT / lock).read_text(), re.MULTILINE):
        name, version = line.removesuffix("\\").strip().split("==", 1)
        pins.setdefault(name, []).append(version)
    return pins


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_requirement_is_pinned_by_hash(lock):
    text = (_ROOT / lock).read_text()
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert re.match(r"[a-z0-9._-]+==[^\s]+( ; [^\n]+)? \\\n +--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", _LOCKS)
def test_no_host_is_named(lock):
    """Where packages come from is for whoever installs them to say."""
    text = (_ROOT / lock).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_what_runs_is_what_was_tested():
    """Both sets live in one environment, which would otherwise change at each command."""
    assert _pins("requirements.lock").items() <= _pins("requirements-dev.lock").items()


def test_everything_the_project_names_is_locked():
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    for lock, requirements in (
        ("requirements.lock", project["project"]["dependencies"]),
        ("requirements-dev.lock", project["dependency-groups"]["dev"]),
    ):
        assert {re.match(r"[a-z0-9-]+", one).group() for one in requirements} <= _pins(lock).keys()


def test_whatever_the_app_imports_is_named_by_the_project():
    """What another package happens to bring is gone when that one needs it no more."""
    named = {
        re.match(r"[a-z0-9-]+", one).group()
        for one in tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    sources = [path.read_text() for path in (_ROOT / "app").rglob("*.py")]
    lines = re.compile(r"^ *(?:from (\w+)\S* import |import (\w+)(?=[. \n]))", re.MULTILINE)
    imported = {one or other for text in sources for one, other in lines.findall(text)}
    modules = imported - sys.stdlib_module_names - _PARTS - {"app"}
    assert {_BROUGHT_BY.get(name, name).replace("_", "-") for name in modules} - named == set()
