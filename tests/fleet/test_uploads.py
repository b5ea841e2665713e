"""Whatever somebody brings, the worker stays under 200 MB, goes on answering, and names what does not come in."""

import re
import struct
import subprocess
import time
from pathlib import Path

import pytest
import requests

from app.accounts.users import register_user
from app.extensions import db
from tests.memories.importing.archives import as_json, chatgpt_conversation, make_zip
from tests.server import Server, running_server

_MOST_MB = 200
_ENTRY = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0) + b"a.md"
_LAST = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 100_000 * len(_ENTRY), 0, 0)
_EMOJI = '{"mapping":{"a":{"message":{"author":{"role":"user"},"content":{"parts":["' + "x🙂" * 900_000 + '"]}}}}}'
_OBJECTS = '{"a":[' + ",".join(f'{{"a{number}":{{}}}}' for number in range(65_000)) + "]}"
_TALK = as_json(chatgpt_conversation("Talk", ("user", "Lorem ipsum. " * 5000), ("assistant", "Grüße. " * 5000)))

#: What is brought, made when it is brought, and what its page says.
HOSTILE = {
    "bomb.zip": (lambda: make_zip(("Good.md", "x"), ("bomb.md", b"0" * 200_000_000)), "100 times its size"),
    "bombs.zip": (lambda: make_zip(*((f"{n}.md", b"0" * 1_000_000) for n in range(1100))), "more than 1024 MB"),
    "entries.zip": (lambda: _ENTRY * 100_000 + _LAST, "more than 10,000 files"),
    "climbs.zip": (lambda: make_zip(("Good.md", "x"), ("../../x.md", "x")), "Its path leads out of the archive."),
    "emoji.json": (lambda: f"[{','.join([_EMOJI] * 3)}]".encode(), "come in"),
    "objects.json": (lambda: f"[{','.join([_OBJECTS] * 20)}]".encode(), "JSON of a kind"),
    "broken.json": (lambda: f"[{','.join([_TALK] * 5 + [_TALK[:-50]] + [_TALK] * 5)}]".encode(), "JSON is broken"),
    "letters.txt": (lambda: bytes(32 + n % 90 for n in range(8_000_000)), "come in"),
    "fifty.md": (lambda: b"x" * 50 * 1024 * 1024, "larger than 8 MB"),
    "notes.zip": (
        lambda: make_zip(*((f"{n % 50}/{n}.md", f"Grüße {n}. " * 50) for n in range(3000))),
        "3,000 memories",
    ),
}


class Visitor:
    """Somebody with an account on a running server."""

    def __init__(self, server: Server) -> None:
        self._session, self._url = requests.Session(), server.url
        ann = {"email": "ann@x.example", "password": "a heron on the long canal"}
        with server.app.app_context():
            register_user(name="Ann", **ann)
            db.session.commit()
        self._post("/sign-in", ann)

    def bring(self, name: str, data: bytes) -> str:
        """Send a file and confirm it. Returns the page that says what would come in."""
        path = self._post("/account/memories/bring/", {}, files={"files": (name, data)}).headers["Location"]
        page = self._wait(path)
        if f"{path}confirm" in page:
            self._post(f"{path}confirm", {})
            assert "came in" in self._wait(path)
        return page

    def _post(self, path: str, data: dict, **more) -> requests.Response:
        page = self._session.get(self._url + ("/account/memories/bring/" if "bring" in path else path)).text
        data |= {"csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]}
        headers = {"Origin": self._url}
        answer = self._session.post(self._url + path, data=data, headers=headers, allow_redirects=False, **more)
        assert answer.status_code == 303, (path, answer.status_code)
        return answer

    def _wait(self, path: str) -> str:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            began = time.monotonic()
            page = self._session.get(self._url + path).text
            assert time.monotonic() - began < 5, "Nobody else was answered meanwhile."
            if 'id="progress"' not in page:
                return page
            time.sleep(0.2)
        raise AssertionError("It does not come to an end.")


def _peak(pid: int) -> int:
    """The most megabytes that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_the_worker_stays_small_whatever_is_brought(tmp_path):
    # Started, as what it has forked from counts too.
    settings = {"begin": subprocess.Popen, "WEB_CONCURRENCY": "1"}
    with running_server(f"sqlite:///{tmp_path}/uploads.db", tmp_path, **settings) as server:
        worker = int(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0])
        visitor = Visitor(server)
        for name, (make, said) in HOSTILE.items():
            assert said in visitor.bring(name, make()), name
            assert _peak(worker) < _MOST_MB, name
        assert Path(f"/proc/{worker}").exists()
        assert "Traceback" not in server.log
