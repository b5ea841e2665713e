"""The processes of pytest-xdist, which all have imported the tests when they begin: one has done it for all of them.

Loaded as a pytest plugin by ``conftest``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from execnet import gateway_io
from execnet.gateway_base import ExecModel, Popen2IO
from execnet.xspec import XSpec

from tests.forked.popen import Forked, Ready

_COMMAND = [sys.executable, "-m", "tests.forked.worker"]
_ready = pytest.StashKey[Ready]()


class _Pipes(gateway_io.Popen2IOMaster):
    """What is told to one of them and read from it."""

    def __init__(self, ready: Ready, execmodel: ExecModel) -> None:
        pipe = subprocess.PIPE
        self.popen = Forked(_COMMAND, cwd=Path.cwd(), env=os.environ, ready=ready, stdin=pipe, stdout=pipe)
        Popen2IO.__init__(self, self.popen.stdin, self.popen.stdout, execmodel=execmodel)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if sys.platform == "linux" and getattr(config.option, "tx", None) and not hasattr(config, "workerinput"):
        arguments = [str(one) for one in config.invocation_params.args]
        config.stash[_ready] = Ready("tests.forked.collecting", arguments, Path.cwd(), os.environ)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    ready, create = config.stash.get(_ready, None), gateway_io.create_io
    if ready is not None:

        def create_io(spec: XSpec, execmodel: ExecModel) -> Popen2IO:
            return _Pipes(ready, execmodel) if spec.popen else create(spec, execmodel)

        gateway_io.create_io = create_io


def pytest_unconfigure(config: pytest.Config) -> None:
    if _ready in config.stash:
        config.stash[_ready].end()
