"""What the guide tells people who connect an agent: what they paste is right, and the agent that it shows works."""

import json
import os
import shlex
import subprocess
import sys
import threading

import pytest
import requests

from app.guide.contents import PAGES
from tests.guide.conftest import PATHS, GuidePage
from tests.mcp.person import AgentsPerson, bring_person
from tests.protocol import change_settings, publish_issuer

__all__ = ["change_settings", "publish_issuer"]

_PATH = PATHS[[page.name for page in PAGES].index("connect-an-agent")]
_ADDRESS = "http://127.0.0.1:8000/mcp"


@pytest.fixture
def shown(browser) -> GuidePage:
    return GuidePage(browser.get(_PATH).text)


def test_each_thing_to_paste_holds_the_address_and_is_what_its_client_reads(shown, browser):
    assert shown.pastes.keys() == {"address", "claude-code", "vs-code", "cursor"}
    assert shown.pastes["address"].strip() == _ADDRESS
    command = shlex.split(shown.pastes["claude-code"])
    assert command[:5] == ["claude", "mcp", "add", "--transport", "http"] and command[-2:] == ["memories", _ADDRESS]
    assert json.loads(shown.pastes["vs-code"]) == {"servers": {"memories": {"type": "http", "url": _ADDRESS}}}
    assert json.loads(shown.pastes["cursor"]) == {"mcpServers": {"memories": {"url": _ADDRESS}}}
    assert browser.get("/mcp").status_code == 401


def test_the_name_to_choose_is_the_one_that_was_pasted(shown):
    assert "choose memories and Authenticate" in " ".join(shown.prose.split())
    assert "claude mcp remove memories" in " ".join(shown.prose.split())


@pytest.mark.parametrize(("mode", "is_said"), [("open", True), ("off", False), ("token", False)])
def test_whether_agents_register_themselves_is_said_as_it_is(browser, change_settings, mode, is_said):
    token = {"client_registration_token": "t" * 32} if mode == "token" else {}
    change_settings(client_registration=mode, **token)
    prose = " ".join(GuidePage(browser.get(_PATH).text).prose.split())
    assert ("No developer has to register it beforehand." in prose) is is_said
    assert ("have an admin of your organization register the app" in prose) is not is_said


def test_a_server_on_plain_http_says_whom_it_cannot_serve(browser, publish_issuer):
    assert "Assistants that run in a cloud" in browser.get(_PATH).text
    publish_issuer("https://memories.example")
    page = browser.get(_PATH).text
    assert "Assistants that run in a cloud" not in page and "https://memories.example/mcp" in page


def test_the_agent_that_the_page_shows_registers_itself_and_searches(server, tmp_path):
    """Its person is asked once: started again, it goes on with what it has kept."""
    person = bring_person(server.app)
    person.agent_name = "My agent"
    text = GuidePage(server.app.test_client().get(_PATH).text).programs["mcp"]["agent.py"]
    (tmp_path / "agent.py").write_text(text)
    for _ in range(2):
        assert run_agent(tmp_path, person) == "Lisbon\n"
    assert person.asked == 1
    assert (tmp_path / "agent.json").stat().st_mode & 0o077 == 0


def run_agent(folder, person: AgentsPerson) -> str:
    """Run the program; the browser that it opens is told by the environment, and prints. Returns what it printed."""
    with subprocess.Popen(
        [sys.executable, "-u", "agent.py", "tram"],
        cwd=folder,
        env=os.environ | {"BROWSER": "echo %s"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        stop = threading.Timer(60, program.kill)
        stop.start()
        said = ""
        for line in program.stdout:
            if line.startswith("http"):
                assert "You can close" in requests.get(person.decide(line.strip()), timeout=10).text
            else:
                said += line
        stop.cancel()
    return said
