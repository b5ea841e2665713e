"""gunicorn's settings: ``gunicorn -c python:app.serving wsgi:app``."""

import os
import sys
from pathlib import Path

from app.config import ConfigurationError, read_settings
from app.extensions import db

_INSTANCE = Path(__file__).resolve().parent.parent / "instance"

try:
    _settings = read_settings(os.environ, _INSTANCE)
except ConfigurationError as error:
    sys.exit(f"Reliquary cannot start: {error}")

bind = f"127.0.0.1:{_settings.port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True
# The longest that gunicorn allows; a longer request line is answered 414 before it reaches us.
limit_request_line = 8190
# A load balancer that keeps connections open for a minute must not find them closed by us first.
keepalive = 65
graceful_timeout = 30
# A heartbeat on a slow disk would get a healthy worker killed.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# The one that reads X-Forwarded-* is ProxyFix, when TRUSTED_PROXIES says so; two opinions would be one too many.
forwarded_allow_ips = ""
# Its default path is the same for every instance of one user.
control_socket_disable = True


def post_fork(_server, _worker) -> None:
    """A connection belongs to the process that opened it, so a worker forgets what it inherited, unclosed."""
    # gunicorn loads the application before it forks, and with it this engine.
    from wsgi import app

    with app.app_context():
        db.engine.dispose(close=False)
