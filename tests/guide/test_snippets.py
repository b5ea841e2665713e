"""Every example of the guide does what the guide says, against a running server, exactly as the page shows it.

One test a language and a type of client walks the examples in the order of reading, the person signing in and
allowing in between. Each ends by asking whether it has run all that the pages hold in that language.
"""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from app.clients.models import CONFIDENTIAL, PUBLIC, find_record
from app.clients.registration import update_client
from app.config import settings
from app.extensions import db
from app.guide.snippets import LANGUAGES
from tests.guide.conftest import Guide, read_guide
from tests.guide.stage import allow, connect, read, register
from tests.journeys.conftest import callback, demonstration, page
from tests.journeys.walk import ALICE, authorize, choose, sign_in

__all__ = ["allow", "callback", "connect", "demonstration", "page", "read", "register"]


def same_shape(shown, real) -> bool:
    """Whether an example answer has the very names and values of a real one. “…” stands for what is made anew each time.

    Numbers, points in time and names are those of an example, and so is the one thing that a list shows.
    """
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(
            name == "name" or same_shape(shown[name], real[name]) for name in shown
        )
    if isinstance(shown, list) and isinstance(real, list):
        return any(same_shape(shown[0], one) for one in real) if shown and real else shown == real
    if isinstance(shown, str) and isinstance(real, str):
        shown = shown.replace(_USER_CODE, "…-…")
        return re.fullmatch(re.escape(_TIME.sub("…", shown)).replace("…", r"\w+"), _TIME.sub("_", real)) is not None
    return type(shown) is type(real) and (shown == real or not isinstance(shown, bool))


#: The code that each person is shown another one of.
_USER_CODE = "WDJB-MJHT"
#: As the API writes a point in time.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")


#: What a service elsewhere is told, which ``test_memory_service`` compares.
_OF_MEMORY_SERVICE = "introspect-resource"


def check_answers(guide: Guide, real: dict[str, dict]) -> None:
    """Every example answer of the guide is like the real one of that name."""
    shown = {name: answer for name, answer in guide.answers.items() if name != _OF_MEMORY_SERVICE}
    assert shown.keys() == real.keys()
    wrong = {name: (shown[name], real[name]) for name in real if not same_shape(shown[name], real[name])}
    assert not wrong, json.dumps(wrong, indent=1)


# -- curl, in bash -------------------------------------------------------------------------------


class Terminal:
    """A bash into which text is pasted. ``set -e`` makes it end at the first command that fails."""

    def __init__(self, directory):
        self._bash = subprocess.Popen(
            ["bash", "-s"],
            cwd=directory,
            # The Python of the tests, whatever stands before the machine's own.
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.ran: set[str] = set()
        self.paste("set -euo pipefail\n")

    def paste(self, text: str) -> str:
        """What is printed until the prompt would be back."""
        self._bash.stdin.write(f"{text}\necho ' --done--'\n")
        self._bash.stdin.flush()
        printed = ""
        for line in self._bash.stdout:
            if line.endswith(" --done--\n"):
                return printed + line.removesuffix(" --done--\n")
            printed += line
        raise AssertionError(f"The shell ended at:\n{text}\nIt had printed:\n{printed}")

    def run(self, guide: Guide, name: str, then_type: str = "") -> str:
        self.ran.add(name)
        return self.paste(guide.in_language("shell")[name] + then_type)

    def close(self):
        self._bash.stdin.close()
        self._bash.wait(timeout=10)
        self._bash.stdout.close()


@pytest.fixture
def terminal(tmp_path) -> Iterator[Callable[[], Terminal]]:
    opened = []

    def open_terminal() -> Terminal:
        opened.append(Terminal(tmp_path))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


@pytest.mark.parametrize("type", [CONFIDENTIAL, PUBLIC])
def test_every_curl_example_works_when_pasted(type, server, register, read, allow, connect, terminal, tmp_path):
    guide = read(register(type))
    bash, real = terminal(), {}
    bash.run(guide, "setup")
    came_back = allow(bash.run(guide, "authorize"))
    bash.run(guide, "answer", then_type=came_back)
    assert "You have a code." in bash.run(guide, "check")
    bash.run(guide, "exchange")
    real["exchange"] = json.loads(bash.paste('echo "$TOKENS"'))
    real["me"] = json.loads(bash.run(guide, "me"))
    assert real["me"]["email"] == ALICE and len(real["me"]["consent"]["authorization_details"]) == 2

    real["mementos"] = json.loads(bash.run(guide, "mementos"))
    assert real["mementos"]["data"][0]["memory_count"] > 0
    assert "data" in json.loads(bash.run(guide, "search"))
    real["save"] = json.loads(bash.run(guide, "save"))
    assert real["save"]["title"] == "Tram 28"
    assert [one["document"]["name"] for one in json.loads(bash.run(guide, "documents"))["matched_chunks"]]

    if type == CONFIDENTIAL:
        real["client-credentials"] = json.loads(bash.run(guide, "client-credentials"))
        real["introspect"] = json.loads(bash.run(guide, "introspect"))
        assert real["introspect"]["active"] is True
        # What it has saved is in a memento of its own, of which the guide says so.
        assert ["read", "write"] in [one["actions"] for one in real["introspect"]["authorization_details"]]
    else:
        assert "Access-Control-Allow-Origin" in bash.run(guide, "preflight")
    assert "code=" in allow(bash.run(guide, "push"))
    real["push"] = json.loads(bash.paste('echo "$PUSHED"'))
    assert json.loads(bash.run(guide, "discovery"))["issuer"] == server.url
    assert "/api/v1/memories/" in bash.run(guide, "openapi")

    bash.run(guide, "refresh")
    kept = json.loads((tmp_path / "tokens.json").read_text())
    assert kept["refresh_token"] != real["exchange"]["refresh_token"]
    assert (tmp_path / "tokens.json").stat().st_mode & 0o077 == 0
    assert json.loads(bash.run(guide, "me"))["email"] == ALICE
    bash.run(guide, "revoke")
    assert json.loads(bash.run(guide, "me"))["code"] == "invalid_token"
    assert "Back to step 1" in bash.run(guide, "refresh")

    told = bash.run(guide, "device")
    real["device"] = json.loads(bash.paste('echo "$ASKED"'))
    connect(told)
    bash.paste("INTERVAL=0")
    bash.run(guide, "device-wait")
    assert json.loads(bash.run(guide, "me"))["email"] == ALICE

    assert bash.ran == guide.in_language("shell").keys()
    check_answers(guide, real)


def test_the_curl_check_refuses_what_is_no_answer(server, register, read, terminal):
    guide, bash = read(register(CONFIDENTIAL)), terminal()
    bash.run(guide, "setup")
    bash.run(guide, "authorize")
    state = bash.paste('echo "$STATE"').strip()
    own, other = quote(server.url, safe=""), quote("https://other.example", safe="")
    for forged in (f"code=rlq_ac_x&state=other&iss={own}", f"code=rlq_ac_x&state={state}&iss={other}"):
        bash.run(guide, "answer", then_type=f"https://app.example.com/callback?{forged}")
        assert "do not go on" in bash.run(guide, "check")
        assert bash.paste('echo "${CODE-none}"').strip() == "none"


# -- Python --------------------------------------------------------------------------------------


class PythonSession:
    """A Python session into which text is pasted."""

    def __init__(self, monkeypatch, directory):
        monkeypatch.chdir(directory)
        # Set by the examples themselves; here they are put back as they were.
        for name in ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE"):
            monkeypatch.setenv(name, "")
        self.names: dict = {}
        self.ran: set[str] = set()

    def run(self, guide: Guide, name: str) -> str:
        self.ran.add(name)
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(guide.in_language("python")[name], f"<{name}>", "exec"), self.names)
        return printed.getvalue()


@pytest.mark.parametrize("type", [CONFIDENTIAL, PUBLIC])
def test_every_python_example_works_when_pasted(type, server, register, read, allow, connect, monkeypatch, tmp_path):
    guide = read(register(type))
    session = PythonSession(monkeypatch, tmp_path)
    session.run(guide, "setup")
    came_back = allow(session.run(guide, "authorize"))
    monkeypatch.setattr("builtins.input", lambda _prompt: came_back)
    session.run(guide, "answer")
    session.run(guide, "check")
    for name, value in (("state", "other"), ("ISSUER", "https://other.example")):
        # As if the answer were to another request, or another server's.
        with monkeypatch.context() as patched, pytest.raises(SystemExit, match="no answer to our request"):
            patched.setitem(session.names, name, value)
            session.run(guide, "check")
    session.run(guide, "exchange")
    assert "Alice" in session.run(guide, "me")

    assert "['read']" in session.run(guide, "mementos")
    assert "memories" in session.run(guide, "search")
    assert session.run(guide, "save").startswith("mry_")
    assert session.run(guide, "documents")

    before = session.names["tokens"]["refresh_token"]
    session.run(guide, "refresh")
    assert json.loads((tmp_path / "tokens.json").read_text())["refresh_token"] != before
    assert (tmp_path / "tokens.json").stat().st_mode & 0o077 == 0
    if type == CONFIDENTIAL:
        assert "Acme" in session.run(guide, "client-credentials")
        assert "True" in session.run(guide, "introspect")
        session.run(guide, "introspect-now")
        picked = session.names["tokens"]["authorization_details"][0]["identifier"]
        assert session.names["may_read"](picked) and not session.names["may_read"]("mem_another")
        give_keys(server, session.names["CLIENT_ID"], session.run(guide, "signing-key"))
        assert session.run(guide, "sign") == "Bearer\n"
        assert (tmp_path / "key.json").stat().st_mode & 0o077 == 0
        run_web_app(guide.in_language("python")["web-app"], server, allow)
        session.ran.add("web-app")
    else:
        run_native(guide.in_language("python")["native"], register, read, allow)
        session.ran.add("native")
    assert "code=" in allow(session.run(guide, "push"))
    assert server.url in session.run(guide, "discovery")
    assert "/api/v1/memories/ GET, POST" in session.run(guide, "openapi")
    session.run(guide, "revoke")
    # What the example says of invalid_grant.
    assert session.names["renew"](session.names["tokens"]) is None

    connect(session.run(guide, "device"))
    session.names["asked"]["interval"] = 0
    session.run(guide, "device-wait")
    assert session.names["tokens"]["token_type"] == "Bearer"

    assert session.ran == guide.in_language("python").keys()


def give_keys(server, client_id: str, jwks: str) -> None:
    """Put the public keys into the app's settings."""
    with server.app.app_context():
        update_client(db.session(), settings(), find_record(db.session(), client_id), actor_user_id=None, jwks=jwks)
        db.session.commit()


def run_web_app(text: str, server, allow) -> None:
    """The small web app, whose person is Alice."""
    names: dict = {"__name__": "example"}
    exec(compile(text, "<web-app>", "exec"), names)
    visitor = names["app"].test_client()
    sent_to = visitor.get("/connect", base_url="http://127.0.0.1").location
    assert sent_to.startswith(server.url + "/oauth/authorize?") and "code_challenge_method=S256" in sent_to
    came_back = allow(sent_to)
    own_iss = "&iss=" + quote(server.url, safe="")
    assert visitor.get(came_back.replace(own_iss, "&iss=https%3A%2F%2Fother.example")).status_code == 400
    assert visitor.get(came_back.replace("&state=", "&state=x")).json == {"error": "mismatching_state"}
    assert visitor.get(came_back).json == {"name": "Alice Marlow", "selection": "selected"}


def run_native(shown: str, register, read, allow) -> None:
    """The desktop program, as a process of its own. The system's browser is told by the environment: it prints."""
    # Of an app that has a loopback URI and leaves the port open, as the guide says.
    client_id = register(PUBLIC, redirect_uri="http://127.0.0.1/callback", native_app=True)
    text = read(client_id).in_language("python")["native"]
    assert len(text.splitlines()) == len(shown.splitlines())
    with subprocess.Popen(
        [sys.executable, "-u", "-c", text],
        env=os.environ | {"BROWSER": "echo %s"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        came_back = allow(program.stdout.readline())
        assert requests.get(came_back, timeout=10).text == "You can close this window."
        assert program.stdout.read() == "Signed in as Alice Marlow\n"


# -- JavaScript, in a browser --------------------------------------------------------------------


#: The answer to another request, or another server's, comes back in the midst of a sign-in.
READ_FORGED = """query => {
    sessionStorage.setItem("signIn", JSON.stringify({state: "ours", verifier: "v"}));
    history.replaceState(null, "", "?code=rlq_ac_x&" + query);
    try { return JSON.stringify(readAnswer()) } catch (error) { return error.message }
}"""


@pytest.mark.browser
def test_every_javascript_example_works_on_a_page_of_a_registered_origin(
    server, register, read, demonstration, callback, page
):
    guide = read(register(PUBLIC))
    examples = guide.in_language("javascript")
    called = set()

    def load() -> None:
        # As one script of the page, in the order of reading.
        page.add_script_tag(content="\n".join(examples.values()))

    def call(name: str, expression: str):
        function = re.search(r"async function (\w+)", examples[name])[1]
        assert f"{function}(" in expression
        assert any(f"{function}(" in page.prose for page in guide.pages), f"No page says to call {function}()."
        called.add(name)
        return page.evaluate(f"async () => await {expression}")

    page.goto(callback.url.removesuffix("/callback") + "/")
    load()
    assert call("discovery", "discover()")["issuer"] == server.url
    with page.expect_navigation(url="**/sign-in*"):
        call("authorize", "startSignIn()")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    choose(page, "Recipes")
    authorize(page)

    load()
    tokens = call("exchange", "finishSignIn()")
    assert "code=" not in page.url
    assert call("me", "readMe()")["email"] == ALICE
    assert [one["name"] for one in call("mementos", "listMementos()")["data"]] == ["Recipes"]
    assert isinstance(call("search", 'searchMemories("lisbon")'), list)
    assert call("save", 'saveMemory("Tram 28", "Get on at Martim Moniz.")')["title"] == "Tram 28"
    # Two at once take turns: neither ends the other's sign-in.
    renewed = call("refresh", "Promise.all([renewTokens(), renewTokens()])")
    assert len({tokens["refresh_token"], *(one["refresh_token"] for one in renewed)}) == 3
    assert call("me", "readMe()")["email"] == ALICE
    call("revoke", "signOut()")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    for forged in (f"state=other&iss={quote(server.url, safe='')}", "state=ours&iss=https%3A%2F%2Fother.example"):
        assert "no answer to our request" in page.evaluate(READ_FORGED, forged)
    # Constants and functions that the others call.
    called |= {"setup", "check"}
    assert called == examples.keys()


# -- and nothing else ----------------------------------------------------------------------------


def test_the_tests_above_know_every_language_and_type_that_the_guide_has():
    assert LANGUAGES.keys() == {"shell", "python", "javascript"}


@pytest.mark.parametrize("type", [CONFIDENTIAL, PUBLIC])
def test_a_reader_without_an_app_sees_the_same_examples_with_other_values(type, server, register, read, callback):
    """So that what runs above runs also for whoever puts their own values into the made-up ones."""
    client_id = register(type)
    own = read(client_id)
    made_up = read_guide(server.app.test_client().get, type=type)
    assert made_up.snippets.keys() == own.snippets.keys()
    origin = callback.url.removesuffix("/callback")
    for place, text in made_up.snippets.items():
        filled = text.replace("YOUR_CLIENT_ID", client_id).replace("https://app.example.com", origin)
        # A shell needs no quotes around some values.
        assert filled.replace("'", "") == own.snippets[place].replace("'", ""), place
