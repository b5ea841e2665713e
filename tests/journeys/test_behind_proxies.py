"""Behind nginx and Apache as they come: TLS ends there, and ``Host`` is replaced by their own name for us.

They tell who asks and over what, as their manuals show it (``X-Forwarded-For``, ``X-Forwarded-Proto``).

Where a proxy is not installed its test is skipped; ``tests/test_form_origin.py`` replaces ``Host`` without one.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.demonstration import seeds
from app.extensions import db
from tests.journeys.conftest import also_return_to
from tests.journeys.walk import ALICE, authorize, choose, follow, sign_in
from tests.ports import free_port
from tests.server import CHEAP_PASSWORDS, Server, running_server

_NGINX = """
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate};
    location / {{
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https;
      proxy_pass {upstream};
    }}
  }}
}}
"""
_APACHE = """
ServerRoot {directory}
DefaultRuntimeDir {directory}
PidFile {directory}/apache.pid
ErrorLog {directory}/apache.log
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule headers_module {modules}/mod_headers.so
{user}
SSLEngine on
SSLCertificateFile {certificate}
RequestHeader set X-Forwarded-Proto https
ProxyPass / {upstream}/
ProxyPassReverse / {upstream}/
"""
_MODULES = Path("/usr/lib/apache2/modules")
_PATH = os.environ.get("PATH", "") + ":/usr/sbin"


@dataclass(frozen=True)
class Hidden:
    """A server whose issuer is the proxy's address, and which nobody reaches but through it."""

    server: Server
    port: int
    certificate: Path

    @property
    def issuer(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def hidden(tmp_path_factory, certificate) -> Iterator[Hidden]:
    directory, port = tmp_path_factory.mktemp("hidden"), free_port()
    database_url = f"sqlite:///{directory}/hidden.sqlite3"
    settings = {"ISSUER": f"https://127.0.0.1:{port}", "TRUSTED_PROXIES": "1", "WEB_CONCURRENCY": "1"}
    with running_server(database_url, directory, application=CHEAP_PASSWORDS, **settings) as server:
        yield Hidden(server, port, certificate)


@contextmanager
def _proxy(name: str, hidden: Hidden, directory: Path) -> Iterator[None]:
    program = shutil.which({"nginx": "nginx", "apache": "apache2"}[name], path=_PATH)
    if program is None or (name == "apache" and not (_MODULES / "mod_ssl.so").exists()):
        pytest.skip(f"{name} is not installed")
    template, flags = {"nginx": (_NGINX, ["-c"]), "apache": (_APACHE, ["-X", "-f"])}[name]
    file = directory / f"{name}.conf"
    # Apache does not answer as root, even for a test.
    user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
    file.write_text(
        template.format(
            directory=directory,
            port=hidden.port,
            certificate=hidden.certificate,
            upstream=hidden.server.url,
            modules=_MODULES,
            user=user,
        )
    )
    process = subprocess.Popen([program, *flags, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(hidden.port, process)
        yield
    finally:
        # Apache would wait for the browser's open connections.
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("The proxy did not come up.")


@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_every_form_works_behind_the_proxy_as_it_comes(name, hidden, open_page, callback, tmp_path):
    """Sign in, choose, authorize, change what is one's own, sign out: each once said "open for too long"."""
    with hidden.server.app.app_context():
        data = seeds.seed()
        db.session.commit()
    password = next(user["password"] for user in data["users"] if user["email"] == ALICE)
    client_id = next(client["client_id"] for client in data["clients"] if client["name"] == "Acme Notebook")
    also_return_to(hidden.server.app, [client_id], callback.url)
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": callback.url,
        "state": "xyz",
        "scope": "memories:read",
    }
    with _proxy(name, hidden, tmp_path):
        page = open_page(java_script_enabled=True, ignore_https_errors=True)
        page.goto(f"{hidden.issuer}/oauth/authorize?{urlencode(asked)}")
        assert page.url.startswith(f"{hidden.issuer}/sign-in?")
        sign_in(page, ALICE, password)
        choose(page, "Recipes")
        authorize(page)
        assert callback.answer()["iss"] == hidden.issuer
        page.goto(f"{hidden.issuer}/account/")
        follow(page.get_by_role("link", name="End Acme Notebook"))
        follow(page.get_by_role("button", name="End Acme Notebook"))
        assert page.url.startswith(hidden.issuer)
        follow(page.get_by_role("button", name="Sign out"))
        assert page.url == f"{hidden.issuer}/"
        assert page.get_by_role("link", name="Sign in").first.is_visible()
