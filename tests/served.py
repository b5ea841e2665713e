"""What gunicorn loads instead of ``wsgi`` where people sign in again and again, or a test has hosts for the server to ask.

To keep a password costs it next to nothing, and its workers share what they compile of templates.
"""

import os
from pathlib import Path

from msgspec import structs

from app import create_app
from app.config import read_settings
from tests import compiled
from tests.bridged_hosts import VARIABLE, BridgedHosts

if compiled.VARIABLE in os.environ:
    compiled.share_compiled(Path(os.environ[compiled.VARIABLE]))
_settings = read_settings(os.environ, Path(__file__).resolve().parent.parent / "instance")
app = create_app(structs.replace(_settings, password_time_cost=1, password_memory_kib=8))
if VARIABLE in os.environ:
    app.extensions["services"].fetcher.network = BridgedHosts(int(os.environ[VARIABLE]))
