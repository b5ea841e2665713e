"""The table of checks, and running it: each is bounded, and none can stop another."""

import contextvars
import threading
from collections.abc import Iterator

from app.cli.doctor.database import (
    check_clock,
    check_database,
    check_migrations,
    check_one_time_codes,
    check_purge,
    check_registrations,
)
from app.cli.doctor.fetching import check_authorities
from app.cli.doctor.files import check_disk, check_permissions, check_process, check_sqlite
from app.cli.doctor.finding import ERROR, Check, Deployment, Finding, error, split
from app.cli.doctor.mail import check_mail
from app.cli.doctor.postgresql import check_connections, check_pooler, check_postgresql
from app.cli.doctor.redis_server import check_redis
from app.cli.doctor.site import check_issuer, check_keys, check_proxies, check_settings
from app.database.problems import find_database_problem

#: In this order they are told.
CHECKS = (
    Check("settings", check_settings),
    Check("keys", check_keys),
    Check("issuer", check_issuer),
    Check("permissions", check_permissions),
    Check("disk", check_disk),
    Check("process", check_process),
    Check("database", check_database),
    Check("sqlite", check_sqlite),
    Check("postgresql", check_postgresql, needs_database=True),
    Check("pooler", check_pooler, needs_database=True),
    Check("connections", check_connections, needs_database=True),
    Check("migrations", check_migrations, needs_database=True),
    Check("clock", check_clock, needs_database=True),
    Check("proxies", check_proxies, needs_database=True),
    Check("purge", check_purge, needs_database=True),
    Check("mail", check_mail, needs_database=True),
    Check("registrations", check_registrations, needs_database=True),
    Check("one-time codes", check_one_time_codes, needs_database=True),
    Check("authorities", check_authorities),
    Check("redis", check_redis),
)
#: Seconds that one check may take.
MOST_SECONDS = 6.0


def examine(deployment: Deployment) -> Iterator[tuple[str, Finding]]:
    """Returns each finding with the name of its check. What needs the database, or its tables, is left out without."""
    lacks: set[str] = set()
    for check in CHECKS:
        if check.needs_database and lacks & (
            {"database"} if check.name in ("migrations", "clock") else {"database", "migrations"}
        ):
            continue
        for finding in _run(check, deployment):
            if finding.level == ERROR:
                lacks.add(check.name)
            yield check.name, finding


def _run(check: Check, deployment: Deployment) -> list[Finding]:
    """Returns what a check finds, or that it does not end."""
    found: list[Finding] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            found.extend(context.run(lambda: list(check.find(deployment))))
        # Whatever it is, the other checks are still wanted.
        except Exception as problem:
            says, do = split(find_database_problem(problem, deployment.url) or "")
            says = says or f"It could not be looked at: {type(problem).__name__}."
            found.append(error(says, do or "See what the other lines say."))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(MOST_SECONDS)
    if thread.is_alive():
        return [
            error(f"There was no answer within {MOST_SECONDS:.0f} s.", "See whether the network or the disk hangs.")
        ]
    return found
