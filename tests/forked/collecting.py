"""Imports the tests, then forks a process of pytest-xdist for each order: ``python -m tests.forked.collecting SOCKET ARGUMENT …``.

The arguments are pytest's. Each process collects by itself, and finds all that it would import.
"""

import gc
import os
import runpy
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import _prepareconfig

from tests.forked.ready import EACH_ITS_OWN, become_new, refuse_what_would_be_common, wait_for_orders

_TESTS = Path(__file__).resolve().parents[1]
#: Where pytest keeps what it has made of a test's file.
_COMPILED = f"{sys.implementation.cache_tag}-pytest-{pytest.__version__}.pyc"


def import_tests(arguments: list[str]) -> None:
    """Import each file of the tests as pytest does when it collects."""
    # Nothing is captured: what a process of pytest does with its streams is its own affair.
    config = _prepareconfig([*arguments, "--capture=no"])
    if hypothesis := config.pluginmanager.get_plugin("hypothesispytest"):
        # From here on it may take its time.
        hypothesis.pytest_sessionstart(None)
    paths = list(_find_paths(config))
    with importing_for_others(), _helped_by_another(paths):
        import_files(paths)
        _find_constants()
    config._ensure_unconfigure()


def import_files(paths: Iterable[Path]) -> None:
    """Import what can be."""
    for path in paths:
        # Whoever collects it hears of what is wrong with it.
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.relative_to(_TESTS.parent).with_suffix("").parts))


@contextmanager
def importing_for_others() -> Iterator[None]:
    """Meanwhile nobody imports what makes memory that a server's processes share: each process imports it itself."""
    refused = _Refused()
    sys.meta_path.insert(0, refused)
    try:
        yield
    finally:
        sys.meta_path.remove(refused)


class _Refused:
    def find_spec(self, name: str, *_: Any) -> None:
        if name in EACH_ITS_OWN:
            raise ImportError(f"{name} is not imported for others.")


def _find_paths(config: pytest.Config) -> Iterator[Path]:
    ignored = import_module("tests.conftest").collect_ignore
    for argument in config.args:
        place = config.invocation_params.dir / argument.partition("::")[0]
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if (
                path.name.startswith(("test_", "conftest"))
                and path.is_relative_to(_TESTS)
                and path.relative_to(_TESTS).parts[0] not in ignored
            ):
                yield path


@contextmanager
def _helped_by_another(paths: list[Path]) -> Iterator[None]:
    """Meanwhile, where little is compiled yet, another process does its part of what is kept, on a second core.

    It imports from the end until both meet.
    """
    if sys.dont_write_bytecode or sum(map(_is_compiled, paths)) > len(paths) / 2:
        yield
        return
    if not (helper := os.fork()):
        try:
            import_files(takewhile(lambda path: not _is_compiled(path), reversed(paths)))
            _find_letters()
        finally:
            os._exit(0)
    yield
    os.waitpid(helper, 0)


def _is_compiled(path: Path) -> bool:
    return (path.parent / "__pycache__" / f"{path.stem}.{_COMPILED}").exists()


def _find_constants() -> None:
    """Hypothesis reads every file of the app for constants, and once it has, those that are new."""
    if "hypothesis" in sys.modules:
        from hypothesis.internal.conjecture.providers import _get_local_constants

        _get_local_constants()


def _find_letters() -> None:
    """Hypothesis looks at every letter that there is, and keeps what it has seen in a file."""
    from hypothesis.internal.charmap import charmap, intervals_from_codec

    charmap()
    intervals_from_codec("utf-8")


if __name__ == "__main__":
    inherited = signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    import_tests(sys.argv[2:])
    gc.freeze()
    refuse_what_would_be_common({0, 1, 2, int(sys.argv[1])})
    order = wait_for_orders(socket.socket(fileno=int(sys.argv[1])))
    become_new(**order, interrupt=inherited)
    runpy.run_module(order["arguments"][1], run_name="__main__", alter_sys=True)
