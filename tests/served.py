"""What gunicorn loads instead of ``wsgi`` where people sign in again and again, or a test has hosts for the server to ask.

To keep a password costs it next to nothing.
"""

import os
from pathlib import Path

from msgspec import structs

from app import create_app
from app.config import read_settings
from tests.bridged_hosts import VARIABLE, BridgedHosts

_settings = read_settings(os.environ, Path(__file__).resolve().parent.parent / "instance")
app = create_app(structs.replace(_settings, password_time_cost=1, password_memory_kib=8))
if VARIABLE in os.environ:
    app.extensions["services"].fetcher.network = BridgedHosts(int(os.environ[VARIABLE]))
