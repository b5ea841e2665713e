"""What the README tells people to paste works as it stands, at a terminal, as often as they like."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clone import Clone
from tests.ports import free_port
from tests.terminal import Terminal

_ROOT = Path(__file__).resolve().parent.parent
_README = (_ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", _README, re.DOTALL)
#: What bash and Python say when a line does not work.
_BROKEN = re.compile(r"unexpected|traceback|syntax error|not found|unbound variable|no such file", re.I)


def _five_steps() -> list[str]:
    section = _README.split("## The five steps")[1].split("\n## ")[0]
    return [block for language, block in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL) if language == "sh"]


@pytest.fixture(scope="session")
def clone(tmp_path_factory) -> Iterator[Clone]:
    """One fresh clone for all these tests."""
    clone = Clone(tmp_path_factory.mktemp("readme") / "clone")
    yield clone
    clone.stop()


@pytest.fixture(scope="session")
def running(clone) -> Iterator[dict[str, str]]:
    """The server that ``make run`` starts at a terminal, as the README says; the settings that lead a shell to it."""
    port = str(free_port())
    terminal = Terminal(clone.path, PORT=port, WEB_CONCURRENCY="1")
    # Once more after Ctrl-C: the second start finds what the first has made.
    for _ in range(2):
        terminal.paste("make run" if shutil.which("make") else ".venv/bin/python -m app.demonstration.local")
        welcome = terminal.read_until(rb"secret is in instance/demonstration.json")
        assert f"Reliquary is at http://127.0.0.1:{port} (Ctrl-C stops it)." in welcome and not _BROKEN.search(welcome)
        if _ == 0:
            terminal.interrupt()
            terminal.read_until(rb"\$ $")
    yield {"ISSUER": f"http://127.0.0.1:{port}", "PORT": port}
    terminal.interrupt()
    terminal.read_until(rb"\$ $")
    terminal.close()


@pytest.fixture
def open_terminal(clone, running):
    """A new terminal in the clone's folder."""
    opened = []

    def open_terminal(**how) -> Terminal:
        opened.append(Terminal(clone.path, **(running | how)))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


def test_every_block_is_one_of_those_that_are_pasted_below():
    """A new block must be run by a test of its own."""
    blocks = [block for _, block in BLOCKS]
    assert blocks == ["make run\n", "make test\n", *_five_steps()]
    assert {language for language, _ in BLOCKS} == {"sh"}
    assert len(_five_steps()) == 5


@pytest.mark.parametrize("bracketed", [True, False], ids=["pasted", "typed"])
def test_the_five_steps_work_twice_in_a_row_at_a_terminal(open_terminal, bracketed):
    """The second time there is a consent, and what the first time left in the shell."""
    terminal = open_terminal(bracketed=bracketed)
    for _ in range(2):
        printed = [terminal.run(block) for block in _five_steps()]
        assert not _BROKEN.search("".join(printed)), "".join(printed)
        assert re.search(r"CODE=rlq_ac_[0-9a-f]{64}", printed[2]), printed[2]
        assert _me(printed[-1])["consent"]["selection"] == "all"


def test_the_five_steps_work_after_ctrl_c_and_where_an_unset_name_is_an_error(open_terminal):
    terminal = open_terminal()
    terminal.run("set -u")
    terminal.paste(_five_steps()[2].split("\n")[1].rpartition("}")[0])
    terminal.read_until(rb"> $")
    terminal.interrupt()
    terminal.read_until(rb"\$ $")
    printed = "".join(terminal.run(block) for block in _five_steps())
    assert not _BROKEN.search(printed), printed
    assert _me(printed)["email"] == "alice@example.com"


def test_the_five_steps_are_a_script(clone, running):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(_five_steps())],
        cwd=clone.path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "ISSUER": running["ISSUER"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["email"] == "alice@example.com"


#: (which block of the five steps is pasted first into a new shell, what bash or the server then says)
_ALONE = [
    (1, r"CLIENT_ID: is missing; paste the block above first"),
    (2, r"CODE: did not come"),
    (3, r'"error":"invalid_(request|client)"'),
    (4, r"ACCESS_TOKEN: did not come; the answer of step 4 says why"),
]


@pytest.mark.parametrize(("number", "says"), _ALONE)
def test_a_block_whose_forerunner_is_missing_says_so(open_terminal, number, says):
    printed = open_terminal().run(_five_steps()[number])
    assert re.search(says, printed), printed
    assert "Traceback" not in printed and "unexpected" not in printed


def test_without_a_server_each_block_says_what_is_missing(clone, tmp_path):
    """Nothing is started, and nothing was ever: no secret, no server."""
    terminal = Terminal(tmp_path, ISSUER=f"http://127.0.0.1:{free_port()}")
    printed = [terminal.run(block) for block in _five_steps()]
    terminal.close()
    assert "CLIENT_SECRET: is missing; start make run first" in printed[0]
    assert "Failed to connect" in printed[2] and "CODE: did not come" in printed[2]
    assert "Failed to connect" in printed[3] and "ACCESS_TOKEN: did not come" in printed[4]
    assert "Traceback" not in "".join(printed) and "unexpected" not in "".join(printed)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_test_starts_pytest(clone):
    """Its version alone: the whole suite is what is running."""
    terminal = Terminal(clone.path, PYTEST_ARGS="--version")
    printed = terminal.run("make test && echo ended-well-$((20 + 2))")
    terminal.close()
    assert re.search(r"pytest \d+\.", printed) and "ended-well-22" in printed, printed


def test_the_commands_work_beside_the_running_server(open_terminal):
    terminal = open_terminal()
    for command, says in (
        (".venv/bin/flask purge", r"total: +\d+"),
        (".venv/bin/flask seed --json", r'"client_id": "client_acme_notebook"'),
        (".venv/bin/flask db upgrade", ""),
    ):
        printed = terminal.run(f"{command} && echo ended-well-$((20 + 2))")
        assert re.search(says, printed) and "ended-well-22" in printed and not _BROKEN.search(printed), printed


def _me(printed: str) -> dict:
    """The answer of ``/api/me/``, the last JSON that was printed."""
    return json.JSONDecoder().raw_decode(printed, printed.rindex('{"type":"user"'))[0]
