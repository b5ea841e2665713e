"""What comes late: not loaded by a start and an honest app's calls, and itself as soon as somebody uses it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

from app.late import LATE
from tests.databases import BACKEND
from tests.forked.popen import run_forked
from tests.server import environ_of_machine
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent
#: What a server loads and does before it answers its first requests, and what of the late is loaded then. Among ours are
#: the packages that only commands need, and every view that is late.
_LOADED = """
import base64, io, json, os, sys
import gunicorn.app.wsgiapp, app.serving
import wsgi
from app.late import LATE, LateModule

def loaded():
    return {name for name in LATE if not isinstance(sys.modules.get(name, LateModule("")), LateModule)}

def ask(method, path, form=b"", **environ):
    # A test client would load what it is made of.
    environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000"}
    environ |= {"SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "QUERY_STRING": "", "SCRIPT_NAME": ""}
    environ |= {"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(form), "wsgi.errors": sys.stderr}
    if form:
        environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(form))}
    told = []
    body = b"".join(wsgi.app(environ, lambda status, headers, error=None: told.append(status)))
    assert told == ["200 OK"], (told, body)

secret = base64.b64encode(f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()).decode()
form = b"grant_type=client_credentials&scope=memories%3Aread"
ask("POST", "/oauth/token", form, HTTP_AUTHORIZATION=f"Basic {secret}")
ask("GET", "/.well-known/oauth-authorization-server")
ask("GET", "/healthz")
print(json.dumps([sorted(loaded()), list(sys.modules)]))
"""
#: What of ours only commands, pages and forms need, and the libraries that come with it.
_OF_OTHERS = (
    *(
        "app.cli.commands",
        "app.cli.every_command",
        "app.demonstration.seeds",
        "app.memories.importing.importer",
        "app.org.views",
        "app.personal.settings.views",
    ),
    *("alembic", "ctypes", "flask_migrate", "PIL", "pyotp", "segno", "webauthn", "zxcvbn"),
)


#: Does each program that it reads in a process of its own, which has that behind it by which all of them begin.
_FORKING = """
import json, os, sys
import app.late

for program in sys.stdin:
    child = os.fork()
    if not child:
        exec(json.loads(program), {"__name__": "__main__"})
        sys.exit()
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Iterator[Callable[[str], None]]:
    """Have a program run in a process that has loaded what a start does before anything that is late."""
    complaints = tmp_path_factory.mktemp("late") / "complaints"
    with (
        open(complaints, "w") as told,
        subprocess.Popen([sys.executable, "-c", _FORKING], env={}, stdin=-1, stdout=-1, stderr=told, text=True) as ours,
    ):

        def run(program: str) -> None:
            ours.stdin.write(json.dumps(dedent(program)) + "\n")
            ours.stdin.flush()
            assert ours.stdout.readline() == "0\n", complaints.read_text()

        yield run


@pytest.mark.skipif(BACKEND != "sqlite", reason="PostgreSQL's driver loads asyncio.")
def test_a_start_and_an_apps_calls_load_none_of_them(app, notebook, settings):
    environment = environ_of_machine() | {
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "SECRET_KEY": settings.secret_key,
        "CLIENT_ID": notebook.client_id,
        "CLIENT_SECRET": notebook.client_secret,
    }
    done = run_forked([sys.executable, "-m", "tests.forked.told", _LOADED], cwd=_ROOT, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    late, loaded = json.loads(done.stdout.splitlines()[-1])
    assert late == []
    assert [name for name in loaded if name in _OF_OTHERS] == []


@each("name", LATE)
def test_each_has_what_a_stand_in_stands_for(name):
    module = import_module(name)
    assert [one for one in LATE[name] if not hasattr(module, one)] == []


def test_the_first_use_loads_it(run):
    run(
        """
        import sys
        from app.late import LateModule, come_late, take_no_more_stand_ins
        come_late()
        from werkzeug import serving
        from werkzeug.serving import is_running_from_reloader as stand_in
        late = sys.modules["werkzeug.serving"]
        assert isinstance(late, LateModule) and serving is late
        take_no_more_stand_ins()
        from werkzeug.serving import is_running_from_reloader
        import werkzeug.serving
        itself = sys.modules["werkzeug.serving"]
        assert not isinstance(itself, LateModule) and werkzeug.serving is itself
        assert is_running_from_reloader is itself.is_running_from_reloader is serving.is_running_from_reloader
        assert stand_in() is False
        serving.new = 1
        assert itself.new == 1
        """
    )


def test_a_class_can_be_made_of_one_that_is_late_and_an_instance_known(run):
    run(
        """
        from app.late import come_late
        come_late()
        from flask_login import FlaskLoginClient
        class Client(FlaskLoginClient): pass
        import sys
        assert Client.__mro__[1] is sys.modules["flask_login.test_client"].FlaskLoginClient
        assert isinstance(Client.__new__(Client), FlaskLoginClient)
        """
    )


def test_an_object_that_is_made_late_is_made_once_with_what_it_was_told(run):
    run(
        """
        import sys
        from app.late import LateModule, come_late
        come_late()
        from flask import Blueprint
        made = Blueprint("made", __name__).cli
        assert isinstance(sys.modules["click"], LateModule) and isinstance(sys.modules["flask.cli"], LateModule)
        import click
        assert made.name == "made" and made.command("one")(lambda: None) is made.commands["one"]
        made.name = "other"
        assert made.get_help_option.__self__.name == "other"
        assert isinstance(made.get_help_option.__self__, click.Group)
        """
    )


@pytest.mark.parametrize("imported", ["asyncio.events", "yaml.loader", "regex._regex_core"])
def test_a_module_of_a_late_package_is_loaded_with_the_package_and_once(run, imported):
    package, _, name = imported.partition(".")
    run(
        f"""
        import sys
        from app.late import LateModule, come_late
        come_late()
        import {package} as late
        assert isinstance(late, LateModule)
        import {imported}
        assert not isinstance(sys.modules["{package}"], LateModule)
        assert late.{name} is sys.modules["{package}"].{name} is sys.modules["{imported}"]
        assert sys.modules["{imported}"].__spec__.origin.endswith("{name}.py")
        """
    )


def test_threads_that_use_it_first_at_once_get_one_and_the_same(run):
    run(
        """
        import sys, threading
        from app.late import come_late
        come_late()
        import asyncio, yaml
        from limits import strategies
        for late, name in ((asyncio, "Runner"), (yaml, "SafeLoader"), (strategies, "STRATEGIES")):
            found, begin = [], threading.Barrier(8)
            def use():
                begin.wait()
                found.append(getattr(late, name))
            threads = [threading.Thread(target=use) for _ in range(8)]
            [thread.start() for thread in threads]
            [thread.join(20) for thread in threads]
            assert len(found) == 8 and len({id(one) for one in found}) == 1, found
            assert found[0] is getattr(sys.modules[late.__name__], name)
        """
    )


def test_what_is_not_installed_is_still_missing(run):
    run(
        """
        from app import late
        late.LATE["no_such_library"] = ()
        late._finder._names.add("no_such_library")
        late.come_late()
        try:
            import no_such_library
        except ModuleNotFoundError:
            pass
        else:
            raise AssertionError
        """
    )
