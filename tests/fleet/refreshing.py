"""An app that refreshes its token again and again, in a process of its own, and writes down how long each took.

``python -m tests.fleet.refreshing`` takes its work as JSON on standard input and ends when that is closed.
"""

import json
import sys
import threading
import time
from base64 import b64encode
from dataclasses import dataclass
from statistics import quantiles
from subprocess import PIPE, Popen
from typing import Any

from app import create_app
from app.config import Settings

#: Seconds that an app waits between two refreshes.
_PAUSE = 0.01


@dataclass
class Refreshing:
    """The process. ``stop`` ends it and says how long its refreshes took, in milliseconds."""

    process: Popen

    @classmethod
    def start(cls, database_url: str, client_id: str, client_secret: str, refresh_tokens: list[str]) -> "Refreshing":
        process = Popen([sys.executable, "-m", "tests.fleet.refreshing"], stdin=PIPE, stdout=PIPE, text=True)
        work = {"url": database_url, "client": [client_id, client_secret], "tokens": refresh_tokens}
        process.stdin.write(json.dumps(work) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        return cls(process)

    def stop(self) -> list[float]:
        self.process.stdin.close()
        told = json.loads(self.process.stdout.read())
        self.process.wait(30)
        assert not told["refused"], told["refused"][:3]
        return told["took"]


def describe(took: list[float]) -> dict[str, float]:
    """p50, p99 and the longest, in milliseconds."""
    percentiles = quantiles(took, n=100)
    return {
        "n": len(took),
        "p50": round(percentiles[49], 1),
        "p99": round(percentiles[98], 1),
        "max": round(max(took), 1),
    }


def main() -> None:
    work = json.loads(sys.stdin.readline())
    app = create_app(Settings(work["url"], "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    app.extensions["services"].notes.have_threads = False
    stop = threading.Event()
    took: list[float] = []
    refused: list[str] = []
    threads = [
        threading.Thread(target=_refresh_until, args=(stop, app, work["client"], token, took, refused))
        for token in work["tokens"]
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"took": took, "refused": refused}))


def _refresh_until(
    stop: threading.Event, app: Any, client: list[str], token: str, took: list[float], refused: list[str]
) -> None:
    browser = app.test_client(use_cookies=False)
    headers = {"Authorization": "Basic " + b64encode(":".join(client).encode()).decode()}
    while not stop.wait(_PAUSE):
        began = time.monotonic()
        form = {"grant_type": "refresh_token", "refresh_token": token}
        response = browser.post("/oauth/token", data=form, headers=headers)
        took.append((time.monotonic() - began) * 1000)
        if response.status_code != 200:
            refused.append(response.text)
            return
        token = response.json["refresh_token"]


if __name__ == "__main__":
    main()
