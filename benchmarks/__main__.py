"""Measure everything in one run and print it beside what is aimed at.

``TEST_POSTGRESQL_URL`` names a PostgreSQL server to use instead of a temporary cluster, as for the tests.
"""

import argparse
import logging
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import make_url

from app import create_app
from app.config import read_settings
from benchmarks import bare
from benchmarks.aims import MANY_TOKENS, MEMORY, TITLES, Verdicts
from benchmarks.comparison import FLASK, PEER, PRODUCT, UNPREPARED, WSGI, Stages, bare_stages, compare, stages_of
from benchmarks.in_process import InProcess
from benchmarks.many_tokens import fill
from benchmarks.operations import OPERATIONS, Site, new_site
from benchmarks.peers.node import Node
from benchmarks.tables import aim, peer_table, product_table, show, size_table, tail_table, unprepared_table
from benchmarks.through_gunicorn import ThroughGunicorn, free_port, server_environ
from benchmarks.writers import write_at_once
from tests.databases import Cluster, missing_postgresql, new_database
from tests.elsewhere.installed import missing

_PARTS = ("in-process", "gunicorn", "writers", "tokens")
# rounds, requests a round, and seconds after which no round is begun
_FULL = {"in-process": (120, 20, 20), "gunicorn": (25, 160, 75), "writers": (6, 160, 0), "tokens": (50, 160, 90)}
_QUICK = {"in-process": (8, 20, 2), "gunicorn": (3, 80, 3), "writers": (1, 80, 0), "tokens": (3, 80, 3)}
_FEW = 1000


@dataclass(frozen=True, slots=True)
class _Run:
    """What is to be measured, and with what."""

    sizes: dict[str, tuple[int, int, float]]
    parts: tuple[str, ...]
    tokens: int
    peer: Node | None
    verdicts: Verdicts


def main() -> None:
    arguments = _parse_arguments()
    print(f"Processor time an operation; Python {platform.python_version()}, {os.cpu_count()} cores.")
    print("Medians over rounds in which all take turns; the fewer others use the machine, the truer.")
    if arguments.quick:
        print("Some rounds only: an impression, and no measurement.")
    parts = (arguments.only,) if arguments.only else _PARTS
    peer = _find_peer() if {"gunicorn", "writers"} & set(parts) else None
    sizes = _QUICK if arguments.quick else _FULL
    run = _Run(sizes, parts, arguments.tokens, peer, Verdicts())
    cluster = Cluster.in_new_directory()
    try:
        for backend in arguments.database or ("sqlite", "postgresql"):
            lacking = missing_postgresql() if backend == "postgresql" else None
            if lacking:
                print(f"\nNothing is measured on PostgreSQL: {lacking}.")
                continue
            _measure(backend, cluster, run)
    finally:
        cluster.stop()
    if run.verdicts:
        show("What is aimed at", run.verdicts.table())


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: an impression, in a minute or two")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"), help="only on this one")
    parser.add_argument(
        "--tokens", type=int, default=0, metavar="N", help=f"also beside a database with N tokens, of one with {_FEW}"
    )
    parser.add_argument("--only", choices=_PARTS, help="only this part")
    arguments = parser.parse_args()
    if arguments.only == "tokens" and not arguments.tokens:
        parser.error("say how many, as in --tokens 1000000")
    return arguments


def _find_peer() -> Node | None:
    lacking = missing()
    if lacking is None:
        try:
            return Node()
        except (RuntimeError, OSError) as error:
            lacking = f"it could not be installed from npm ({str(error).strip().splitlines()[-1]})"
    print(f"Not measured beside {Node.name}: {lacking}.")
    return None


def _measure(backend: str, cluster: Cluster, run: _Run) -> None:
    if "in-process" in run.parts or "gunicorn" in run.parts or "writers" in run.parts:
        with _new_site(backend, cluster) as (site, environ, directory):
            if "in-process" in run.parts:
                _measure_in_process(backend, site, run)
            _measure_servers(backend, site, environ, directory, run)
    if "tokens" in run.parts and run.tokens:
        _measure_tokens(backend, cluster, run)


@contextmanager
def _new_site(backend: str, cluster: Cluster) -> Iterator[tuple[Site, dict[str, str], Path]]:
    """A new database with what the requests are about, the environment of its server, and a folder."""
    with (
        tempfile.TemporaryDirectory(prefix="reliquary-benchmarks-") as directory,
        new_database(backend, cluster, Path(directory)) as database_url,
    ):
        environ = server_environ(database_url)
        app = create_app(read_settings(environ, Path(directory)))
        with app.app_context():
            upgrade()
        yield new_site(app), environ, Path(directory)


def _measure_in_process(backend: str, site: Site, run: _Run) -> None:
    rounds, count, seconds = run.sizes["in-process"]
    runner = InProcess(site.app, bare.app)
    contenders = {FLASK: bare_stages(site), PRODUCT: stages_of(site)}
    comparisons = compare(runner, contenders, rounds=rounds, count=count, seconds=seconds)
    has_target = backend == "sqlite"
    show(
        f"{TITLES[backend]}, in process",
        product_table(comparisons, lambda operation: operation.target_in_process if has_target else None),
    )


def _measure_servers(backend: str, site: Site, environ: dict[str, str], directory: Path, run: _Run) -> None:
    ours = stages_of(site)
    with ThroughGunicorn(directory) as runner:
        runner.start_product(PRODUCT, environ)
        writers: dict[str, Stages] = {PRODUCT: ours}
        if run.peer:
            runner.start_peer(run.peer, environ["DATABASE_URL"])
            writers[PEER] = run.peer.stages
        if "gunicorn" in run.parts:
            _compare_servers(backend, site, environ, runner, writers, run)
        if "writers" in run.parts:
            rounds, count, _ = run.sizes["writers"]
            for name, waits in write_at_once(runner, writers, rounds=rounds, count=count).items():
                who = f" of {Node.name}" if name == PEER else ""
                show(f"{TITLES[backend]}, eight connections that all write: waits{who}", tail_table(waits))


def _compare_servers(
    backend: str, site: Site, environ: dict[str, str], runner: ThroughGunicorn, stages: dict[str, Stages], run: _Run
) -> None:
    runner.start_bare(FLASK, "benchmarks.bare:app", environ)
    runner.start_bare(WSGI, "benchmarks.bare:wsgi", environ)
    contenders = {FLASK: bare_stages(site), WSGI: bare_stages(site), **stages}
    if backend == "postgresql":
        runner.start_product(UNPREPARED, _unprepared(environ))
        contenders[UNPREPARED] = stages[PRODUCT]
    rounds, count, seconds = run.sizes["gunicorn"]
    comparisons = compare(runner, contenders, rounds=rounds, count=count, seconds=seconds, when_warm=runner.begin_count)
    show(
        f"{TITLES[backend]}, through gunicorn",
        product_table(comparisons, lambda operation: operation.target_through_gunicorn),
    )
    if run.peer:
        show(f"{TITLES[backend]}, beside {run.peer.name}", peer_table(comparisons))
    if UNPREPARED in contenders:
        show(f"{TITLES[backend]}, as behind a pooler", unprepared_table(comparisons))
    memory, beside = runner.peak_megabytes(), runner.unmeasured()
    print(f"\nPeak memory of a worker: {_listed(memory, '{:.0f} MB')}; the product's: {aim(memory[PRODUCT], MEMORY)}")
    print(f"Used beside what was asked of it: {_listed(beside, '{:+.1%}')}", flush=True)
    run.verdicts.judge_time(backend, comparisons)
    run.verdicts.judge_tails(backend, comparisons)


def _measure_tokens(backend: str, cluster: Cluster, run: _Run) -> None:
    small, big = f"{_FEW:,} tokens", f"{run.tokens:,} tokens"
    with (
        _new_site(backend, cluster) as (few, few_environ, few_directory),
        _new_site(backend, cluster) as (many, many_environ, _),
        ThroughGunicorn(few_directory) as runner,
    ):
        for name, site, environ, count in ((small, few, few_environ, _FEW), (big, many, many_environ, run.tokens)):
            fill(site.app, site.client_id, count)
            runner.start_product(name, environ)
        rounds, count, seconds = run.sizes["tokens"]
        comparisons = compare(
            runner,
            {small: stages_of(few), big: stages_of(many)},
            rounds=rounds,
            count=count,
            seconds=seconds,
            operations=[operation for operation in OPERATIONS if operation.name != "metadata"],
        )
        show(f"{TITLES[backend]}, many tokens beside few", size_table(comparisons, small, big, MANY_TOKENS))
    run.verdicts.judge_size(backend, comparisons, small, big)


def _unprepared(environ: dict[str, str]) -> dict[str, str]:
    """The same product on the same database, at another port."""
    url = make_url(environ["DATABASE_URL"]).update_query_dict({"prepare_threshold": "None"})
    return environ | {"PORT": str(free_port()), "DATABASE_URL": url.render_as_string(hide_password=False)}


def _listed(values: dict[str, float], form: str) -> str:
    return ", ".join(f"{name} {form.format(value)}" for name, value in values.items())


if __name__ == "__main__":
    for name in ("alembic", "app.migrations"):
        logging.getLogger(name).setLevel(logging.WARNING)
    main()
