"""Debian's nginx and HAProxy, with the configurations that ``deploy/`` has for them and ports of the test's own."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

_DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
PROXIES = ("nginx", "haproxy")


def missing_proxy(name: str) -> str | None:
    """Why there is none, or None when there is."""
    return None if shutil.which(name) else f"there is no {name}; on Debian: apt-get install {name}"


@contextmanager
def running_proxy(name: str, directory: Path, one: int, two: int) -> Iterator[str]:
    """The proxy in front of two servers at these ports of 127.0.0.1; its own address."""
    port = free_port()
    process = subprocess.Popen(
        _write_nginx(directory, port, one, two) if name == "nginx" else _write_haproxy(directory, port, one, two),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _write_nginx(directory: Path, port: int, one: int, two: int) -> list[str]:
    text = (_DEPLOY / "nginx.conf").read_text()
    for told, used in (("127.0.0.1:8001", f"127.0.0.1:{one}"), ("127.0.0.1:8002", f"127.0.0.1:{two}")):
        text = _replace(text, told, used)
    text = _replace(text, "listen 8000;", f"listen 127.0.0.1:{port};")
    text = _replace(text, "/var/log/nginx/", f"{directory}/")
    folders = "".join(
        f"{kind}_temp_path {directory}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = _replace(text, "http {\n", f"http {{\n{folders}")
    # As root, nginx would become somebody who may not write here.
    user = "user root;\n" if os.geteuid() == 0 else ""
    file = directory / "nginx.conf"
    file.write_text(f"{user}pid {directory}/nginx.pid;\ndaemon off;\nerror_log {directory}/nginx.log;\n{text}")
    return ["nginx", "-c", str(file), "-e", f"{directory}/nginx.log"]


def _write_haproxy(directory: Path, port: int, one: int, two: int) -> list[str]:
    text = (_DEPLOY / "haproxy.cfg").read_text()
    text = _replace(text, "bind :8000\n", f"bind 127.0.0.1:{port}\n")
    file = directory / "haproxy.cfg"
    file.write_text(text)
    return ["env", f"SERVER_1=127.0.0.1:{one}", f"SERVER_2=127.0.0.1:{two}", "haproxy", "-db", "-f", str(file)]


def _replace(text: str, told: str, used: str) -> str:
    assert len(re.findall(re.escape(told), text)) == 1, told
    return text.replace(told, used)


def _wait_until_it_listens(process: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(process.stdout.read().decode())
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("The proxy does not listen.")
