"""The agent of ``agent.mjs``, driven from a test: what its person is asked, and what its tools answer."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.elsewhere.installed import Elsewhere
from tests.mcp.person import AgentsPerson

_SCRIPT = Path(__file__).resolve().parent / "agent.mjs"
CALLED_BACK_AT = "http://127.0.0.1:33418/callback"


class AgentFailed(Exception):
    """What the agent says when a call has come to nothing; ``text`` is the body of the refusal."""

    def __init__(self, sentence: str, text: str | None):
        super().__init__(sentence)
        self.text = text


@dataclass
class Process:
    """One run of the agent's program."""

    person: AgentsPerson
    _process: subprocess.Popen
    version: str = ""

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; the person is asked meanwhile, if the agent sends them. Returns its result."""
        return self._order({"call": tool, "arguments": arguments})

    def list_tools(self) -> list[str]:
        """Returns the names of the tools."""
        return [tool["name"] for tool in self._order({"list": True})["tools"]]

    def search(self) -> list[str]:
        """Returns the titles that a search for the tram finds."""
        return [one["title"] for one in self.call("search_memories", query="tram")["structuredContent"]["data"]]

    def hear_result(self) -> dict[str, Any]:
        """Returns what it says next, after its person was asked. Raises :class:`AgentFailed`."""
        while True:
            line = self._process.stdout.readline()
            assert line, "The agent has ended."
            said = json.loads(line)
            if "go" in said:
                self._tell({"came_back": self.person.decide(said["go"])})
            elif "error" in said:
                raise AgentFailed(said["error"], said.get("text") or said.get("stack"))
            else:
                return said["result"]

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        self._tell(order)
        return self.hear_result()

    def _tell(self, what: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()


@dataclass
class Agent:
    """A program on the person's computer, and the file in which it keeps its registration and its tokens."""

    url: str
    person: AgentsPerson
    node: Path
    script: Path
    file: Path
    era: str = "auto"

    def keep(self, **values: Any) -> None:
        """Let it know something before it starts, as what its author wrote into it."""
        self.file.write_text(json.dumps(self.kept() | values))

    def kept(self) -> dict[str, Any]:
        """Returns what it keeps."""
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    @contextmanager
    def started(self, **environment: str) -> Iterator[Process]:
        """Start it, and let it connect."""
        command = [self.node, self.script, self.url, self.file, self.era]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin"} | environment,
        )
        try:
            running = Process(self.person, process)
            running.version = running.hear_result()["connected"]
            yield running
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def make_agent(url: str, person: AgentsPerson, elsewhere: Elsewhere, directory: Path, **changes: Any) -> Agent:
    """Returns an agent that has not started yet."""
    script = elsewhere.place(_SCRIPT, into=directory)
    return Agent(f"{url}/mcp", person, elsewhere.node, script, directory / "kept.json", **changes)
