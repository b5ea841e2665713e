"""What gunicorn loads instead of ``wsgi`` where a test has hosts for the server to ask."""

import os

from app import create_app
from tests.bridged_hosts import VARIABLE, BridgedHosts

app = create_app()
app.extensions["services"].fetcher.network = BridgedHosts(int(os.environ[VARIABLE]))
