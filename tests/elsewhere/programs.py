"""The guide's programs for libraries, built and started from the page's own text, and a browser for their visitors."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.elsewhere.installed import install_locked, install_once, run_in

PACKAGES = Path(__file__).resolve().parent / "libraries"
_START_SECONDS = 90


def need(*programs: str) -> str | None:
    """Returns what this machine lacks, as a sentence; None when there is nothing."""
    lacking = [program for program in programs if shutil.which(program) is None]
    return f"{' and '.join(lacking)} not found" if lacking else None


@dataclass
class WebAnswer:
    status: int
    location: str | None
    json: dict
    text: str


class VisitorsWeb:
    """A browser at a program that listens on loopback."""

    def __init__(self, url: str):
        self._url = url
        self._session = requests.Session()

    def get(self, address: str) -> WebAnswer:
        """Open an address, and follow no redirect."""
        return self._ask("GET", address)

    def post(self, path: str, **form: str) -> WebAnswer:
        """Press a button; with Spring's cookie against forgery, if there is one."""
        token = self._session.cookies.get("XSRF-TOKEN")
        return self._ask("POST", path, data=form, headers={"X-XSRF-TOKEN": token} if token else {})

    def _ask(self, method: str, address: str, **more) -> WebAnswer:
        url = address if address.startswith("http") else self._url + address
        answer = self._session.request(method, url, allow_redirects=False, timeout=30, **more)
        is_json = "json" in answer.headers.get("Content-Type", "")
        return WebAnswer(
            answer.status_code, answer.headers.get("Location"), answer.json() if is_json else {}, answer.text
        )


@contextmanager
def started(command: list[str], folder: Path, port: int, **environment: str) -> Iterator[str]:
    """A program that listens at a port, which is told to it as the guide's do. Gives its address."""
    with open(folder / "program.log", "w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PORT": str(port)} | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "program.log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def place_node(files: dict[str, str], folder: Path) -> list[str]:
    """Put a program for Node.js where its imports are found. Returns the command that starts it."""
    (folder / "node_modules").symlink_to(install_locked(PACKAGES) / "node_modules")
    (name,) = files
    (folder / name).write_text(files[name])
    return ["node", name]


def place_go(files: dict[str, str], folder: Path) -> list[str]:
    """Build a Go program. Returns the command that starts it."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(PACKAGES / "go" / name, folder)
    for name, text in files.items():
        (folder / name).write_text(text)
    run_in(folder, ["go", "build", "-o", "program", "."])
    return ["./program"]


def place_spring(files: dict[str, str], folder: Path) -> list[str]:
    """Build a Spring Boot program. Returns the command that starts it."""
    package = re.search(r"^package ([\w.]+);", files["Reader.java"], re.MULTILINE)[1]
    sources, resources = folder / "src/main/java" / package.replace(".", "/"), folder / "src/main/resources"
    for one in (sources, resources):
        one.mkdir(parents=True)
    shutil.copy(PACKAGES / "spring" / "pom.xml", folder)
    (sources / "Reader.java").write_text(files["Reader.java"])
    (resources / "application.yaml").write_text(files["application.yaml"])
    run_in(folder, ["mvn", "--quiet", "--batch-mode", "package"])
    return ["java", "-jar", "target/reader-1.jar"]


_DJANGO = """
SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "social_django"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_REDIRECT_URL = "/me"
USE_TZ = True
"""
_DJANGO_MANAGE = """
import os
from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
port = [f"127.0.0.1:{os.environ['PORT']}"] if sys.argv[1] == "runserver" else []
execute_from_command_line(sys.argv + port)
"""
_DJANGO_URLS = """
import views
from django.urls import include, path

urlpatterns = [
    path("me", views.me),
    path("disconnect", views.disconnect),
    path("", include("social_django.urls", namespace="social")),
]
"""


def place_django(files: dict[str, str], folder: Path) -> list[str]:
    """Make a Django site of the files. Returns the command that starts it."""
    for name, text in (files | {"settings.py": _DJANGO + files["settings.py"], "urls.py": _DJANGO_URLS}).items():
        (folder / name).write_text(text)
    packages = f"import sys\nsys.path.append({str(python_packages())!r})\n"
    (folder / "manage.py").write_text(packages + _DJANGO_MANAGE)
    run_in(folder, [sys.executable, "manage.py", "migrate", "--verbosity=0"])
    return [sys.executable, "manage.py", "runserver", "--noreload"]


def place_page(files: dict[str, str], folder: Path) -> list[str]:
    """Make a web site whose pages load a module. Returns the command that serves it."""
    (folder / "packages").symlink_to(install_locked(PACKAGES) / "node_modules")
    (name,) = files
    (folder / name).write_text(files[name])
    imports = {
        "oidc-client-ts": "oidc-client-ts/dist/esm/oidc-client-ts.js",
        "jwt-decode": "jwt-decode/build/esm/index.js",
    }
    imports = {library: f"/packages/{path}" for library, path in imports.items()}
    (folder / "index.html").write_text(
        f"""<!doctype html><title>App</title><h1>Back at the app</h1>
<script type="importmap">{json.dumps({"imports": imports})}</script>
<script type="module">import * as program from "/{name}"; window.program = program</script>"""
    )
    (folder / "callback").mkdir()
    (folder / "callback" / "index.html").symlink_to(folder / "index.html")
    serve = "import os; from http.server import *; SimpleHTTPRequestHandler.protocol_version = 'HTTP/1.1'; "
    serve += "ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), SimpleHTTPRequestHandler).serve_forever()"
    return [sys.executable, "-c", serve]


def python_packages() -> Path:
    """Returns the folder with the Python packages that the server's own environment has no need of."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", "packages"]
    return install_once([PACKAGES / "requirements.txt"], [*pip, "-r", "requirements.txt"]) / "packages"
