"""What comes late: not loaded by a start and an honest app's calls, and itself as soon as somebody uses it."""

import json
import subprocess
import sys
from importlib import import_module

import pytest

from app.late import LATE
from tests.databases import BACKEND
from tests.tables import each

#: What a server loads and does before it answers its first requests, and what of the late is loaded then. Among ours are
#: the packages that only commands need, and every view that is late.
_LOADED = """
import json, os, sys
import gunicorn.app.wsgiapp, app.serving
import wsgi
from app.late import LATE, LateModule

def loaded():
    return {name for name in LATE if not isinstance(sys.modules.get(name, LateModule("")), LateModule)}

after_the_start = loaded()
client = wsgi.app.test_client()
form = {"grant_type": "client_credentials", "scope": "memories:read"}
token = client.post("/oauth/token", data=form, auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]))
assert token.status_code == 200, token.text
assert client.get("/.well-known/oauth-authorization-server").status_code == 200
assert client.get("/healthz").status_code == 200
late = after_the_start | loaded() - {"werkzeug.test", "werkzeug.sansio.multipart"}
print(json.dumps([sorted(late), list(sys.modules)]))
"""
#: What of ours only commands, pages and forms need, and the libraries that come with it.
_OF_OTHERS = (
    *(
        "app.cli.commands",
        "app.demonstration.seeds",
        "app.memories.importing.importer",
        "app.org.views",
        "app.personal.settings.views",
    ),
    *("alembic", "flask_migrate", "PIL", "pyotp", "segno", "webauthn", "zxcvbn"),
)


def _run(program: str, **environment: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(BACKEND != "sqlite", reason="PostgreSQL's driver loads asyncio.")
def test_a_start_and_an_apps_calls_load_none_of_them(app, notebook, settings):
    printed = _run(
        _LOADED,
        DATABASE_URL=app.config["SQLALCHEMY_DATABASE_URI"],
        SECRET_KEY=settings.secret_key,
        CLIENT_ID=notebook.client_id,
        CLIENT_SECRET=notebook.client_secret,
    )
    late, loaded = json.loads(printed.splitlines()[-1])
    assert late == []
    assert [name for name in loaded if name in _OF_OTHERS] == []


@each("name", LATE)
def test_each_has_what_a_stand_in_stands_for(name):
    module = import_module(name)
    assert [one for one in LATE[name] if not hasattr(module, one)] == []


def test_the_first_use_loads_it():
    _run(
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
        """.replace("\n        ", "\n")
    )


def test_a_class_can_be_made_of_one_that_is_late_and_an_instance_known():
    _run(
        """
        from app.late import come_late
        come_late()
        from flask_login import FlaskLoginClient
        class Client(FlaskLoginClient): pass
        import sys
        assert Client.__mro__[1] is sys.modules["flask_login.test_client"].FlaskLoginClient
        assert isinstance(Client.__new__(Client), FlaskLoginClient)
        """.replace("\n        ", "\n")
    )


@pytest.mark.parametrize("imported", ["asyncio.events", "yaml.loader", "regex._regex_core"])
def test_a_module_of_a_late_package_is_loaded_with_the_package_and_once(imported):
    package, _, name = imported.partition(".")
    _run(
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
        """.replace("\n        ", "\n")
    )


def test_threads_that_use_it_first_at_once_get_one_and_the_same():
    _run(
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
        """.replace("\n        ", "\n")
    )


def test_what_is_not_installed_is_still_missing():
    _run(
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
        """.replace("\n        ", "\n")
    )
