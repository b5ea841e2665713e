"""A process that was forked is to its tests what one that was started is."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.databases import BACKEND
from tests.forked import popen
from tests.forked.popen import Forked, run_forked
from tests.forked.ready import URLS
from tests.server import environ_of_machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process take in a child")

_ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = {"SECRET_KEY": "only-for-tests-" + "0" * 32, "ISSUER": "http://127.0.0.1:8000"}


@pytest.fixture
def without_imports(monkeypatch) -> None:
    """Where what is imported does not matter, and another folder or environment would have it imported once more."""
    monkeypatch.setattr(popen, "BACKEND", "none")


def told(program: str) -> list[str]:
    """The command that runs these lines of Python."""
    return [sys.executable, "-m", "tests.forked.told", program]


def test_it_finds_what_a_started_process_finds():
    """Both have imported what a server does, so that what an import changes is no difference."""
    command = [sys.executable, "-m", "tests.forked.seen", "app.serving", "wsgi"]
    environ = environ_of_machine() | _SETTINGS | {"DATABASE_URL": URLS[BACKEND], "ODD": "ä=\n"}
    started = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, text=True, timeout=60)
    done = run_forked(command, cwd=_ROOT, env=environ, timeout=60)
    assert (done.returncode, done.stderr) == (started.returncode, started.stderr) == (0, "")
    seen, expected = json.loads(done.stdout), json.loads(started.stdout)
    assert seen.pop("random") != expected.pop("random")
    # It brings gunicorn's own command along, as `python -m gunicorn` does.
    assert {
        name for name in set(seen["modules"]) ^ set(expected["modules"]) if not name.startswith("gunicorn.")
    } == set()
    del seen["modules"], expected["modules"]
    assert seen == expected
    assert seen["relatives"][0] == os.getpid() and seen["files"] == [0, 1, 2]


def test_two_of_them_have_no_chance_in_common():
    program = "import random, secrets, uuid; print(random.random(), secrets.token_hex(), uuid.uuid4())"
    one, other = (run_forked(told(program), cwd=_ROOT, env=environ_of_machine(), timeout=60).stdout for _ in range(2))
    assert not set(one.split()) & set(other.split())


@pytest.mark.parametrize(
    ("program", "status", "complaint"),
    [
        ("pass", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('Not like this.')", 1, "Not like this.\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os; os._exit(7)", 7, ""),
        ("import os; os.abort()", -signal.SIGABRT, ""),
        ("raise KeyboardInterrupt", -signal.SIGINT, "KeyboardInterrupt\n"),
        ("import atexit; atexit.register(print, 'At the end.', file=sys.stderr)", 0, "At the end.\n"),
        ("import threading; threading.Timer(0.1, print, ['Late.'], {'file': sys.stderr}).start()", 0, "Late.\n"),
    ],
)
def test_it_ends_as_a_started_process_does(program, status, complaint):
    done = run_forked(told(program), cwd=_ROOT, env=environ_of_machine(), timeout=60)
    started = subprocess.run(told(program), cwd=_ROOT, env=environ_of_machine(), capture_output=True, text=True)
    assert (started.returncode, done.returncode) == (status, status)
    assert started.stderr.endswith(complaint) and done.stderr.endswith(complaint)
    assert bool(done.stderr) == bool(complaint)


def test_it_reads_and_writes_where_it_was_told_to(tmp_path):
    program = "print(sys.stdin.read().upper()); print('and this', file=sys.stderr)"
    with Forked(
        told(program), cwd=_ROOT, env=environ_of_machine(), stdin=-1, stdout=-1, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert sorted(process.communicate("loud", timeout=60)[0].split("\n")) == ["", "LOUD", "and this"]
    with open(tmp_path / "log", "wb") as log:
        Forked(told(program), cwd=_ROOT, env=environ_of_machine(), stdin=-3, stdout=log, stderr=log).wait(timeout=60)
    assert "and this" in (tmp_path / "log").read_text()


def test_it_is_told_to_stop_and_waited_for_as_any_child():
    with Forked(told("import time; time.sleep(60)"), cwd=_ROOT, env=environ_of_machine()) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
        assert process.poll() is None
        process.terminate()
        assert process.wait(timeout=60) == -signal.SIGTERM
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def test_what_the_interpreter_reads_before_our_code_is_as_asked_for(without_imports):
    done = run_forked(
        told("import time; print(sys.flags.utf8_mode, sys.flags.optimize, time.tzname[0])"),
        cwd=_ROOT,
        env=environ_of_machine() | {"PYTHONUTF8": "1", "PYTHONOPTIMIZE": "2", "TZ": "Asia/Tokyo"},
        timeout=60,
    )
    assert done.stdout == "1 2 JST\n"


def test_a_child_is_not_of_another_folder(tmp_path, without_imports):
    """The code of a clone is its own."""
    (tmp_path / "tests").symlink_to(_ROOT / "tests")
    (tmp_path / "wsgi.py").write_text("where = __file__")
    done = run_forked(told("import wsgi; print(wsgi.where)"), cwd=tmp_path, env={}, timeout=60)
    assert done.stdout == f"{tmp_path}/wsgi.py\n"
    popen.end_those_of(tmp_path)


@pytest.mark.parametrize(
    ("imported", "complaint"),
    [
        (
            "import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start()",
            "has begun a thread",
        ),
        ("import mmap; kept = mmap.mmap(-1, 2)", "has made memory that all children would write to"),
        ("kept = open('/dev/null')", "has opened files"),
    ],
    ids=["a thread", "memory", "a file"],
)
def test_nothing_is_forked_where_an_import_has_begun_more(imported, complaint, tmp_path, capfd, without_imports):
    (tmp_path / "sitecustomize.py").write_text(imported)
    with pytest.raises(RuntimeError, match="has ended"):
        run_forked(told("pass"), cwd=_ROOT, env=environ_of_machine() | {"PYTHONPATH": str(tmp_path)}, timeout=60)
    assert complaint in capfd.readouterr().err


@pytest.mark.parametrize("command", [["bash", "-c", "true"], [sys.executable, "-c", "pass"], [sys.executable, "x.py"]])
def test_what_is_no_module_is_not_forked(command):
    with pytest.raises(ValueError, match="Only a module"):
        Forked(command, cwd=_ROOT, env={})


def test_an_option_that_would_be_lost_is_refused():
    with pytest.raises(ValueError, match="only with streams"):
        Forked(told("pass"), cwd=_ROOT, env={}, start_new_session=True)


def test_what_forks_ends_with_the_one_that_it_is_for(tmp_path):
    """However that ends."""
    program = """
import os, signal
from pathlib import Path
from tests.databases import BACKEND
from tests.forked import popen
popen.BACKEND = "none"
popen.run_forked([sys.executable, "-m", "tests.forked.told", "pass"], cwd=Path.cwd(), env={}, timeout=60)
(ready,) = popen._ready.values()
print(ready._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = run_forked(told(program), cwd=_ROOT, env=environ_of_machine(), timeout=60)
    assert done.returncode == -signal.SIGKILL
    path, deadline = Path(f"/proc/{done.stdout.strip()}/status"), time.monotonic() + 20
    while path.exists() and "State:\tZ" not in path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
