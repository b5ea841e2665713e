"""PostgreSQL's processes, held still for a while: alive for the kernel, which takes what they are sent, and silent."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def postmaster_of(cluster) -> int:
    """The first of the cluster's processes."""
    return int((Path(cluster.directory) / "data" / "postmaster.pid").read_text().split()[0])


def children_of(pid: int) -> list[int]:
    """The processes that this one has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Stop processes, for the length of a ``with`` block."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def frozen_cluster(cluster) -> Iterator[None]:
    """Stop the whole cluster."""
    first = postmaster_of(cluster)
    with frozen(first), frozen(*children_of(first)):
        yield
