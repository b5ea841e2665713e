"""The database, whichever it is: whether it answers, has our tables, and agrees about the time."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from app import clock
from app.accounts.factors.resealing import count_lost
from app.cli.doctor.driver import ask
from app.cli.doctor.finding import Deployment, Finding, error, ok, split, warning
from app.clients.self_registration import MOST_UNUSED, count_unused
from app.database.access import expect_reads
from app.database.connections import connect
from app.database.leases import find_lease
from app.database.problems import find_database_problem, name_database
from app.database.schema import find_present, say_foreign, say_newer
from app.database.unavailable import driver_errors
from app.purge.backlog import MOST_COUNTED, find_backlog
from app.purge.run import LEASE

_MOST_SKEW = timedelta(seconds=2)
_DANGEROUS_SKEW = timedelta(seconds=30)
_NOW = {
    True: "SELECT (julianday('now') - 2440587.5) * 86400.0",
    False: "SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
}
_HOUR = 3600


def check_database(deployment: Deployment) -> Iterator[Finding]:
    """Whether it answers at all."""
    try:
        ask(deployment, "SELECT 1")
    except driver_errors() as problem:
        says, do = split(find_database_problem(problem, deployment.url) or str(problem))
        yield error(says, do or "Correct DATABASE_URL.")
    else:
        yield ok(f"It answers: {name_database(deployment.url)}.")


def check_migrations(deployment: Deployment) -> Iterator[Finding]:
    """Whether this version works on the schema."""
    with connect(deployment.engine) as connection:
        present = find_present(connection)
    if not present:
        yield error("The database has no tables of ours.", "Run flask db upgrade.")
    elif foreign := deployment.revisions.find_foreign(present):
        yield error(*split(say_foreign(foreign)))
    elif deployment.revisions.find_later(present):
        told = say_newer(present, deployment.revisions)
        yield warning(
            f"{told[0].upper()}{told[1:]}",
            "Finish the upgrade of every server, or see that this one is not an old one.",
        )
    elif present != deployment.revisions.heads:
        yield error(
            f"The database is at revision {', '.join(sorted(present))}, and this version needs"
            f" {', '.join(sorted(deployment.revisions.heads))}.",
            "Run flask db upgrade.",
        )
    else:
        yield ok(f"The database is at revision {', '.join(sorted(present))}, which is this version's.")


def check_clock(deployment: Deployment) -> Iterator[Finding]:
    """Whether this machine and the database mean the same by now: what expires is judged by ours."""
    skew = timedelta(seconds=float(ask(deployment, _NOW[deployment.is_sqlite])) - clock.now().timestamp())
    told = f"This machine's clock and the database's are {abs(skew.total_seconds()):.1f} s apart"
    do = "Let both follow the same time, by chrony, systemd-timesyncd or the like."
    if abs(skew) > _DANGEROUS_SKEW:
        yield error(f"{told}: codes and tokens end too early or too late.", do)
    elif abs(skew) > _MOST_SKEW:
        yield warning(f"{told}.", do)
    else:
        yield ok(f"{told}.")


def check_registrations(deployment: Deployment) -> Iterator[Finding]:
    """Whether apps can register themselves, if they may."""
    if deployment.settings.client_registration == "off":
        yield ok("No app can register itself: CLIENT_REGISTRATION is off.")
        return
    with expect_reads(), Session(deployment.engine) as session:
        unused = count_unused(session)
    told = (
        f"{unused} apps have registered themselves in a week and nobody has allowed them anything; {MOST_UNUSED} may."
    )
    if unused * 5 < MOST_UNUSED * 4:
        yield ok(told)
        return
    do = "Look at flask clients list --origin dynamic --unused; CLIENT_REGISTRATION=token keeps out whoever does that."
    yield warning(f"{told} The oldest make room for others." if unused >= MOST_UNUSED else told, do)


def check_one_time_codes(deployment: Deployment) -> Iterator[Finding]:
    """Whether what people's authenticator apps show can be checked: it is sealed under SECRET_KEY."""
    with expect_reads(), Session(deployment.engine) as session:
        lost = count_lost(session, deployment.settings.secret_keys)
    if not lost:
        yield ok("Every authenticator app that people have set up can be checked.")
        return
    yield error(
        f"{lost} authenticator apps cannot be checked: they were set up under a SECRET_KEY that is gone.",
        "Put that key into SECRET_KEY_FALLBACKS until the next purge; or flask users reset-factors for each person.",
    )


def check_purge(deployment: Deployment) -> Iterator[Finding]:
    """Whether what has expired goes."""
    behind = find_backlog(deployment.engine, deployment.settings)
    rows = sum(told.rows for told in behind.values())
    many = "more than " if any(told.rows >= MOST_COUNTED for told in behind.values()) else ""
    hours = max(told.seconds for told in behind.values()) / _HOUR
    lease = find_lease(deployment.engine, LEASE)
    last = "nobody has ever purged"
    if lease and lease.is_held:
        last = f"{lease.holder} is at it now"
    elif lease and lease.done_ago is not None:
        last = f"the last purge ended {max(0.0, lease.done_ago) / 60:.0f} minutes ago"
    told = f"{many}{rows} expired rows wait to be removed, and {last}."
    told = told[0].upper() + told[1:]
    if hours > 24 and rows:
        do = "Look for what the servers' logs say about the purge; flask purge does it at once."
        if not deployment.settings.purge_interval:
            do = "PURGE_INTERVAL is 0, so nobody purges: run flask purge daily, or leave that setting out."
        yield warning(f"{told} The oldest has waited for {hours:.0f} hours.", do)
    else:
        yield ok(told)
