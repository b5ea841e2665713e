"""A start knows all that has to be known before somebody asks: tables, letters, and who is told of an app's end."""

import json
import subprocess
import sys

#: Prints what is known after a start, and once more after every module of ours has been imported.
_KNOWN = """
import json
import wsgi
from app.clients import life, own_words
from app.extensions import db
from app.mail import kinds
from app.parts import import_modules

def known():
    words = [f"{one.__module__}.{one.__name__}" for one in own_words._tellings]
    return [sorted(db.metadata.tables), sorted(kinds._kinds), sorted(life._endings), words, sorted(wsgi.app.jinja_env.globals),
            sorted(wsgi.app.jinja_env.filters)]

print(json.dumps(known()))
for package in ("http", "audit", "limits", "mail", "memories", "clients", "consents", "oauth", "operations", "leaving", "api",
                "mcp", "purge", "operator", "org", "personal", "directory", "guide", "accounts", "demonstration"):
    if package != "limits":
        import_modules(f"app.{package}")
print(json.dumps(known()))
"""


def test_a_start_knows_what_the_whole_house_knows(tmp_path):
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "SECRET_KEY": "only-for-tests-" + "0" * 32}
    done = subprocess.run([sys.executable, "-c", _KNOWN], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    after_a_start, with_everything = map(json.loads, done.stdout.splitlines())
    assert all(len(known) > 0 for known in after_a_start)
    assert after_a_start == with_everything
