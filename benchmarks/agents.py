"""An agent's search beside the same one by REST, and what a worker grows by for agents: ``python -m benchmarks.agents``.

Both search the same 100 memories for the same words, in turns, with a token for each of the two resources; what is
compared is processor time in process. The targets: at most 1.3 times as much, and 2 MB a worker.
"""

import argparse
import gc
import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

from app.consents.resources import API, MCP
from app.extensions import db
from app.metrics.kinds import State
from benchmarks.in_process import _call, _environ
from benchmarks.operations import Request
from benchmarks.search import Library, fill
from tests.databases import Cluster, missing_postgresql, new_database

_ROUNDS, _QUICK_ROUNDS, _CALLS = 60, 10, 20
_MEMORIES, _LIMIT = 100, 10
_TARGET, _TARGET_KIB = 1.3, 2048
_VERSION = "2026-07-28"
_META = {
    "io.modelcontextprotocol/protocolVersion": _VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "benchmarks", "version": "1"},
}
_SEARCHES = (("1 in 10 has the word", "oftenword"), ("two words", "oftenword everyword"), ("no match", "nobodyword"))
#: Prints what a process occupies once it could serve, in KiB.
_OCCUPY = """
import gc, sys
from pathlib import Path
import app
if sys.argv[1] == "without":
    app._PACKAGES = tuple(name for name in app._PACKAGES if name != "mcp")
app.create_app(app.config.Settings(database_url="sqlite://", secret_key="0" * 40, issuer="http://127.0.0.1:8000"))
gc.collect()
print(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agents", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: an impression")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"), help="only on this one")
    arguments = parser.parse_args()
    _tell_memory(3 if arguments.quick else 9)
    # As in a server without a management port, where nobody could ask.
    State.is_on = False
    cluster = Cluster.in_new_directory()
    try:
        for backend in arguments.database or ("sqlite", "postgresql"):
            missing = missing_postgresql() if backend == "postgresql" else None
            if missing:
                print(f"\nNothing is measured on PostgreSQL: {missing}.")
                continue
            with tempfile.TemporaryDirectory(prefix="reliquary-benchmarks-") as directory:
                _measure(backend, cluster, Path(directory), _QUICK_ROUNDS if arguments.quick else _ROUNDS)
    finally:
        cluster.stop()


def _measure(backend: str, cluster: Cluster, directory: Path, rounds: int) -> None:
    with new_database(backend, cluster, directory) as url:
        library = fill(url, directory, _MEMORIES)
        print(f"\n{backend}, microseconds of processor time a call\n")
        print(f"| {'search':<22} | {'era':<6} | {'REST':>5} | {'agent':>5} | {'ratio':>5} | middle half |")
        print("| --- | --- | --: | --: | --: | --: |")
        for name, words in _SEARCHES:
            for era, make in (("modern", _modern), ("legacy", _legacy)):
                _compare(library, name, era, _rest(library, words), make(library, words), rounds)
        with library.app.app_context():
            db.engine.dispose()


def _compare(library: Library, name: str, era: str, rest: Request, agent: Request, rounds: int) -> None:
    for request in (rest, agent):
        _spend(library, request)
    pairs = [(_spend(library, rest), _spend(library, agent)) for _ in range(rounds)]
    ratios = [ours / theirs for theirs, ours in pairs]
    lower, ratio, upper = quantiles(ratios, n=4)
    by_rest, by_agent = (median(column) * 1e6 for column in zip(*pairs, strict=True))
    verdict = "" if ratio <= _TARGET else " MISSED"
    print(
        f"| {name:<22} | {era:<6} | {by_rest:>5.0f} | {by_agent:>5.0f} | {ratio:>5.2f} | {lower:.2f}–{upper:.2f} |{verdict}"
    )


def _spend(library: Library, request: Request) -> float:
    environs = [_environ(request) for _ in range(_CALLS)]
    for environ in environs:
        environ["CONTENT_TYPE"] = "application/json"
    gc.collect()
    gc.freeze()
    begin = time.process_time()
    answers = [_call(library.app, environ) for environ in environs]
    seconds = time.process_time() - begin
    gc.unfreeze()
    for status, _, body in answers:
        assert status.startswith("200"), (status, body)
    return seconds / _CALLS


def _rest(library: Library, words: str) -> Request:
    query = urlencode({"q": words, "limit": _LIMIT})
    return Request("GET", "/api/v1/memories/", query, (("Authorization", f"Bearer {library.tokens[API]}"),))


def _legacy(library: Library, words: str) -> Request:
    return _call_tool(library, words, {}, ())


def _modern(library: Library, words: str) -> Request:
    headers = (("Mcp-Protocol-Version", _VERSION), ("Mcp-Method", "tools/call"), ("Mcp-Name", "search_memories"))
    return _call_tool(library, words, {"_meta": _META}, headers)


def _call_tool(library: Library, words: str, more: dict, headers: tuple[tuple[str, str], ...]) -> Request:
    params = {"name": "search_memories", "arguments": {"query": words, "limit": _LIMIT}} | more
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    return Request("POST", "/mcp", "", (("Authorization", f"Bearer {library.tokens[MCP]}"), *headers), body)


def _tell_memory(rounds: int) -> None:
    """Print what a worker occupies with the memory server and without it."""
    pairs = [(_occupy("without"), _occupy("with")) for _ in range(rounds)]
    without, with_it = (median(column) for column in zip(*pairs, strict=True))
    grown = median(more - less for less, more in pairs)
    verdict = "" if grown <= _TARGET_KIB else " MISSED"
    print(
        f"\nA worker occupies {without:,.0f} KiB without the memory server and {with_it:,.0f} with it: {grown:+,.0f}{verdict}"
    )


def _occupy(how: str) -> int:
    return int(subprocess.run([sys.executable, "-c", _OCCUPY, how], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    logging.getLogger("alembic").setLevel(logging.WARNING)
    main()
