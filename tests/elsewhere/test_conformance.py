"""The protocol's own conformance suite, at the authorization server and, with a token added, at the memory server.

The suite says "passed" over warnings and over what it has skipped, so the checks themselves are read.
"""

import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.clients.models import ClientOrigin
from app.extensions import db
from tests.conftest import _register_integrator
from tests.elsewhere.bearer_proxy import bearer_proxy
from tests.elsewhere.installed import Elsewhere
from tests.mcp.person import AgentsPerson, bring_person
from tests.ports import free_port

_LISTED = tomllib.loads((Path(__file__).resolve().parent / "conformance.toml").read_text())
_TOOLS = {"test_simple_text": "list_mementos", "test_error_handling": "get_memory"}
#: What a check of the suite says that asks for nothing more.
_FINE = frozenset(("SUCCESS", "INFO"))
_SERVER_SCENARIO = re.compile(r"^  - (\S+) \[(.+)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Suite:
    """The suite's program."""

    elsewhere: Elsewhere
    directory: Path

    def command(self, *arguments: str) -> list[str]:
        """Returns how it is called, with the folder in which it leaves its checks."""
        program = self.elsewhere.folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
        return [str(self.elsewhere.node), str(program), *arguments]

    def server_scenarios(self) -> dict[str, list[str]]:
        """Returns the versions of the protocol that each scenario for servers is about."""
        told = subprocess.run(self.command("list"), capture_output=True, text=True, check=True).stdout
        told = told.partition("Server scenarios")[2].partition("Client scenarios")[0]
        return {name: versions.split(",") for name, versions in _SERVER_SCENARIO.findall(told)}

    def read_checks(self) -> dict[str, list[dict]]:
        """Returns the checks that were left, by the name of the folder of their scenario."""
        return {path.parent.name: json.loads(path.read_text()) for path in self.directory.rglob("checks.json")}


@pytest.fixture
def suite(elsewhere, tmp_path) -> Suite:
    return Suite(elsewhere, tmp_path / "checks")


@pytest.fixture
def person(server) -> AgentsPerson:
    return bring_person(server.app)


# -- the memory server -----------------------------------------------------------------------------


@pytest.fixture
def address(server, person):
    """The memory server's, with a token of an app that has registered this very origin."""
    notebook = _register_integrator(server.app, "Acme Notebook", "confidential", "https://acme.example/callback")
    access_token = notebook.tokens(
        person.browser,
        scope="memories:read memories:write integrations:read",
        choose={"selection": "all"},
        resource=f"{server.url}/mcp",
    )["access_token"]
    with bearer_proxy(server.url, access_token, _TOOLS) as url:
        with server.app.app_context():
            db.session.add(ClientOrigin(client_key=notebook.client_id, origin=url))
            db.session.commit()
        yield f"{url}/mcp"


def test_each_scenario_is_passed_or_has_a_reason_why_it_does_not_apply(suite):
    others = [name for names in _LISTED["does_not_apply"].values() for name in names]
    listed = [*_LISTED["applies"], *others]
    assert len(listed) == len(set(listed)) and set(listed) == set(suite.server_scenarios())


def test_the_memory_server_passes_what_applies_in_each_version_of_the_protocol(suite, address):
    versions = suite.server_scenarios()
    wrong, seen = [], set()
    for scenario, excused in _LISTED["applies"].items():
        for version in versions[scenario]:
            where = suite.directory / version / scenario
            arguments = ("--url", address, "--scenario", scenario, "--spec-version", version, "-o", str(where))
            subprocess.run(suite.command("server", *arguments), capture_output=True, timeout=60)
            [checks] = Suite(suite.elsewhere, where).read_checks().values()
            assert checks, (scenario, version)
            seen |= {check["id"] for check in checks if check["status"] not in _FINE}
            wrong += [
                (version, check["id"], check["status"], check.get("errorMessage"))
                for check in checks
                if check["status"] not in _FINE and check["id"] not in excused
            ]
    assert not wrong
    # An excuse that is not needed any longer goes.
    assert {name for excused in _LISTED["applies"].values() for name in excused} <= seen


# -- the authorization server ----------------------------------------------------------------------


@pytest.mark.parametrize("resource", [None, "/mcp"], ids=["without-resource", "for-the-memory-server"])
def test_the_authorization_server_passes_without_a_warning(server, person, suite, resource):
    port = free_port()
    client = _register_integrator(server.app, "Pocket Agent", "public", f"http://127.0.0.1:{port}/callback")
    arguments = ["--url", server.url, "--client-id", client.client_id, "--port", str(port), "-o", str(suite.directory)]
    arguments += [] if resource is None else ["--resource", server.url + resource]
    process = subprocess.Popen(suite.command("authorization", *arguments), stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if line.startswith(f"{server.url}/oauth/authorize?"):
                with urlopen(person.decide(line.strip()), timeout=30) as page:
                    assert page.status == 200
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
    checks = [check for checks in suite.read_checks().values() for check in checks]
    assert {check["id"] for check in checks} >= {"authorization-server-metadata", "authorization-code-grant"}
    assert [(check["id"], check["status"]) for check in checks if check["status"] != "SUCCESS"] == []
