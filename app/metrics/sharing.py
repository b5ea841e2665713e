"""How several workers count together: each in files of its own, in one private folder that any of them can add up.

A file belongs to the worker's place, not to its process: whoever takes the place of a worker that ended goes on with
its numbers, so nothing is lost and no file is left over, however a worker ended.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from prometheus_client import multiprocess, values

from app.metrics import kinds

_PREFIX = "reliquary-metrics-"
_IN_USE = "in-use"
#: Memory, where there is some that looks like a folder.
_PARENT = "/dev/shm" if os.path.isdir("/dev/shm") else None
_ARBITER = "0"
#: What the library calls the files, and how many bytes each has room for: for all that there may be, each route in each
#: class of status.
_SIZES = {
    "histogram": 4 * 1024 * 1024,
    "counter": 256 * 1024,
    **{f"gauge_{across}": 64 * 1024 for across in ("livesum", "livemax", "mostrecent")},
}

_log = logging.getLogger(__name__)


class Place:
    """Where this process counts: its folder, and which of the workers' places it has."""

    folder: Path | None = None
    number = _ARBITER
    #: Held open as long as any process uses the folder.
    in_use: int | None = None
    #: Held by the one worker that looks at what all share.
    looks_for_all: int | None = None


def turn_off() -> None:
    """Count nothing: nobody can read it."""
    kinds.State.is_on = False


def share(uid: int | None = None, gid: int | None = None) -> Path:
    """Begin to count together with the workers that this process will have. Returns the folder.

    ``uid`` and ``gid`` are what the workers will be.
    """
    _remove_left_over()
    Place.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_PARENT))
    if uid is not None and uid != os.geteuid():
        os.chown(Place.folder, uid, -1 if gid is None else gid)
    Place.in_use = os.open(Place.folder / _IN_USE, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(Place.in_use, fcntl.LOCK_SH)
    Place.number = _ARBITER
    # The library reads it each time it opens a file.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(Place.folder)
    values.ValueClass = values.MultiProcessValue(lambda: Place.number)
    kinds.begin_anew()
    return Place.folder


def become_worker(place: int) -> None:
    """Count in the files of this place from now on: the first act of a worker after it was forked."""
    if Place.folder is None:
        return
    Place.number = str(place)
    try:
        _take_room(Place.folder, place)
    except OSError as error:
        turn_off()
        _log.error("Nothing is counted by this worker: there is no room in %s: %s", Place.folder, error)
        return
    for row in kinds.rows():
        row.begin_at_zero()


def forget_worker(place: int) -> None:
    """A worker has ended, in whatever way: what it only was at the moment is over. What it counted stays."""
    if Place.folder is not None:
        multiprocess.mark_process_dead(place, str(Place.folder))


def leave() -> None:
    """Remove the folder; for the end of the last process."""
    if Place.folder is not None:
        shutil.rmtree(Place.folder, ignore_errors=True)
        Place.folder = None


def _take_room(folder: Path, place: int) -> None:
    """Let the files have what they will need. Raises ``OSError`` where there is no room.

    The library makes files with holes, and where memory for one is missing later, the whole process is killed.
    """
    for kind, size in _SIZES.items():
        path, draft = folder / f"{kind}_{place}.db", folder / f"{kind}_{place}.new"
        if path.exists():
            continue
        with open(draft, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
        # It appears whole: a scrape cannot read an empty one.
        draft.rename(path)


def _remove_left_over() -> None:
    """Remove the folders of servers that were killed: nobody holds them any more."""
    for folder in Path(_PARENT or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            held = os.open(folder / _IN_USE, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)
