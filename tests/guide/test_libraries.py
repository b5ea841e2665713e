"""The guide's programs for libraries: those in Python that are installed here run as the page shows them.

What is written in other languages, or needs more, runs in ``tests/elsewhere``.
"""

import sys
from dataclasses import dataclass
from importlib.metadata import version
from types import ModuleType

import pytest
from werkzeug.test import Client as WerkzeugClient

from app.clients.models import CONFIDENTIAL, PUBLIC
from app.guide.contents import PAGES
from app.guide.libraries import AGENT, LIBRARIES, MAKE_TEST, MAKE_TEST_CLIENTS, MEMORY_SERVICE
from tests.guide.conftest import read_guide
from tests.guide.stage import allow, read, register
from tests.guide.visitor import Program, shorten_tokens
from tests.journeys.conftest import callback, demonstration

__all__ = ["allow", "callback", "demonstration", "read", "register"]

#: What is imported from where: the name of the library -> its distribution.
_DISTRIBUTIONS = {"authlib": "Authlib", "requests-oauthlib": "requests-oauthlib", "mcp": "mcp"}


@dataclass
class FlaskAnswer:
    status: int
    location: str | None
    json: dict


class FlaskWeb:
    """A browser at a Flask app of this process."""

    def __init__(self, app):
        self._client: WerkzeugClient = app.test_client()

    def get(self, address):
        return self._read(self._client.get(address, base_url="http://127.0.0.1"))

    def post(self, path):
        return self._read(self._client.post(path, base_url="http://127.0.0.1"))

    def _read(self, answer):
        return FlaskAnswer(answer.status_code, answer.location, answer.json if answer.is_json else {})


@pytest.mark.parametrize("name", [one.name for one in LIBRARIES if one.run_by == MAKE_TEST])
def test_a_program_in_python_works_as_the_page_shows_it(name, server, register, read, allow, callback, monkeypatch):
    client_id = register(CONFIDENTIAL)
    shorten_tokens(server, client_id)
    for switch in ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE"):
        # Set by the program itself; here they are put back as they were.
        monkeypatch.setenv(switch, "")
    program = ModuleType("program")
    monkeypatch.setitem(sys.modules, "program", program)
    exec(compile(read(client_id).programs[name]["app.py"], f"<{name}>", "exec"), program.__dict__)
    if name == "requests-oauthlib":
        # It renews what has run out, and not what soon will.
        keep = program.keep
        monkeypatch.setattr(program, "keep", lambda token: keep(token | {"expires_at": 1}))
    Program(server, client_id, callback.url, allow, lambda: FlaskWeb(program.app)).walk()


def test_each_library_is_shown_whole_with_the_version_that_ran_and_how(browser):
    page = read_guide(browser.get, type=CONFIDENTIAL)
    assert page.programs.keys() == {one.name for one in (*LIBRARIES, AGENT, MEMORY_SERVICE)}
    for one in LIBRARIES:
        assert page.programs[one.name].keys() == {name for name, _language in one.files}
        assert one.version in page.pages[[each.name for each in PAGES].index("libraries")].prose
        assert one.run_by in (MAKE_TEST, MAKE_TEST_CLIENTS), "Say so on the page, if it is not run."


@pytest.mark.parametrize("name", _DISTRIBUTIONS)
def test_the_version_that_is_told_is_the_one_that_runs(name):
    told = next(one.version for one in (*LIBRARIES, AGENT) if one.name == name)
    distribution = _DISTRIBUTIONS[name]
    assert version(distribution).startswith(told.removeprefix(distribution + " ") + ".")


def test_an_app_of_the_other_type_sees_made_up_values(browser):
    for type in (CONFIDENTIAL, PUBLIC):
        programs = read_guide(browser.get, type=type).programs
        for one in LIBRARIES:
            assert any("YOUR_CLIENT_ID" in text for text in programs[one.name].values())
            has_secret = any("CLIENT_SECRET" in text for text in programs[one.name].values())
            assert has_secret is (one.type == CONFIDENTIAL)
