"""Measure everything in one run and print it beside the targets.

``TEST_POSTGRESQL_URL`` names a PostgreSQL server to use instead of a temporary cluster, as for the tests.
"""

import argparse
import logging
import os
import platform
import tempfile
from pathlib import Path

from flask_migrate import upgrade

from app import create_app
from app.config import read_settings
from benchmarks import bare
from benchmarks.comparison import compare, peer_table, table
from benchmarks.in_process import InProcess
from benchmarks.operations import new_site
from benchmarks.peers.node import Node
from benchmarks.through_gunicorn import server_environ, servers
from tests.databases import Cluster, missing_postgresql, new_database
from tests.elsewhere.installed import missing

# rounds, requests a round, and seconds after which no round is begun
_FULL = {"in process": (120, 20, 30), "through gunicorn": (25, 160, 60)}
_QUICK = {"in process": (8, 20, 2), "through gunicorn": (3, 80, 3)}


def main() -> None:
    arguments = _parse_arguments()
    sizes = _QUICK if arguments.quick else _FULL
    print(f"Processor time an operation; Python {platform.python_version()}, {os.cpu_count()} cores.")
    print("Medians over rounds that take turns with the bare route; the fewer others use the machine, the truer.")
    peer = _find_peer()
    cluster = Cluster.in_new_directory()
    try:
        for backend in arguments.database or ("sqlite", "postgresql"):
            missing = missing_postgresql() if backend == "postgresql" else None
            if missing:
                print(f"\nNothing is measured on PostgreSQL: {missing}.")
                continue
            _measure(backend, cluster, sizes, peer)
    finally:
        cluster.stop()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: an impression, in less than a minute")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"), help="only on this one")
    return parser.parse_args()


def _find_peer() -> Node | None:
    lacking = missing()
    if lacking is None:
        try:
            return Node()
        except (RuntimeError, OSError) as error:
            lacking = f"it could not be installed from npm ({str(error).strip().splitlines()[-1]})"
    print(f"Not measured beside {Node.name}: {lacking}.")
    return None


def _measure(backend: str, cluster: Cluster, sizes: dict[str, tuple[int, int, float]], peer: Node | None) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="reliquary-benchmarks-") as directory,
        new_database(backend, cluster, Path(directory)) as database_url,
    ):
        environ = server_environ(database_url)
        app = create_app(read_settings(environ, Path(directory)))
        with app.app_context():
            upgrade()
        site = new_site(app)
        title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[backend]

        rounds, count, seconds = sizes["in process"]
        comparisons = compare(InProcess(app, bare.app), site, rounds=rounds, count=count, seconds=seconds)
        has_target = backend == "sqlite"
        _print(
            f"{title}, in process",
            table(comparisons, lambda operation: operation.target_in_process if has_target else None),
        )

        rounds, count, seconds = sizes["through gunicorn"]
        with servers(environ, Path(directory), peer) as runner:
            comparisons = compare(runner, site, rounds=rounds, count=count, seconds=seconds, peer=peer)
            memory = runner.peak_megabytes()
        _print(f"{title}, through gunicorn", table(comparisons, lambda operation: operation.target_through_gunicorn))
        if peer:
            _print(f"{title}, beside {peer.name}: server and database together", peer_table(comparisons))
        print(
            "\nPeak memory of a worker:",
            ", ".join(f"{name} {size:.0f} MB" for name, size in memory.items()),
            flush=True,
        )


def _print(title: str, lines) -> None:
    print(f"\n{title}\n", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    logging.getLogger("alembic").setLevel(logging.WARNING)
    main()
