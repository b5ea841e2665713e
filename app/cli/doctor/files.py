"""Files and folders: who may read and write them, on what kind of disk they lie, and how much room is left."""

import os
import resource
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.cli.doctor.finding import Deployment, Finding, error, ok, warning

_MEGABYTE = 1024 * 1024
_LITTLE_ROOM, _NO_ROOM = 1024 * _MEGABYTE, 100 * _MEGABYTE
_FEWEST_FILES = 1024
#: Where a lock or shared memory reaches no further than one machine, or not even that.
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "fuse.glusterfs", "ceph", "afs")
#: What is gone with the container in which it lies, or with the next start of the machine.
_PASSING = ("overlay", "fuse.fuse-overlayfs", "tmpfs", "ramfs")
_OLDEST_SQLITE = (3, 35, 0)
_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
_ENTER = stat.S_IXGRP | stat.S_IXOTH


def check_sqlite(deployment: Deployment) -> Iterator[Finding]:
    """The database's file: writable, private, and on a disk of this machine."""
    if not deployment.is_sqlite:
        return
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        yield error(f"SQLite is {sqlite3.sqlite_version}.", "Install a Python with SQLite 3.35 or newer.")
    path = Path(deployment.url.database or "").absolute()
    if not path.exists():
        return
    for place in (path, path.parent):
        if not _may_write(place):
            yield error(
                f"This user may not write {place}, and SQLite writes the file and others beside it.",
                f"Give it to this user: chown -R {_me()} {path.parent}",
            )
    if _may_others_reach(path):
        yield warning(
            f"Other users of this machine may read {path}, in which people's memories are.", f"Run chmod 600 {path}"
        )
    kind = _find_filesystem(path)
    if kind in _NETWORK:
        yield error(
            f"{path} lies on a network filesystem ({kind}), where SQLite's write-ahead log does not work.",
            "Move the file to a disk of this machine, or use PostgreSQL.",
        )
    elif kind in _PASSING:
        yield warning(
            f"{path} lies on {kind}: a new container, or the next start of this machine, has no such file.",
            f"Put a volume at {path.parent}, or the file on a disk.",
        )
    else:
        yield ok(f"SQLite is {sqlite3.sqlite_version}, and its file lies on {kind or 'a disk'}.")
    if deployment.settings.is_https and deployment.settings.workers > 8:
        yield warning(
            f"{deployment.settings.workers} workers write into one SQLite file, one after the other.",
            "Use PostgreSQL where many write, or fewer workers.",
        )


def check_permissions(deployment: Deployment) -> Iterator[Finding]:
    """The instance folder and the kept key."""
    folder, key = deployment.instance_path, deployment.instance_path / "secret_key"
    is_fine = True
    for path in (folder, key):
        if path.exists() and path.stat().st_mode & _OTHERS:
            is_fine = False
            mode = 700 if path.is_dir() else 600
            found = error if path == key else warning
            yield found(
                f"Other users of this machine may read {path}{', and with it sign in as anybody' if path == key else ''}.",
                f"Run chmod {mode} {path}" + (", and change the key if others were there." if path == key else "."),
            )
    if folder.exists() and not _may_write(folder) and deployment.is_sqlite:
        is_fine = False
        yield warning(f"This user may not write {folder}.", f"Give it to this user: chown -R {_me()} {folder}")
    if is_fine:
        yield ok(f"{folder} is this user's alone." if folder.exists() else f"There is no {folder}, and none is needed.")


def check_disk(deployment: Deployment) -> Iterator[Finding]:
    """How much room is left where we write."""
    places = {deployment.instance_path}
    try:
        places.add(Path(tempfile.gettempdir()))
    except FileNotFoundError:
        yield error(
            "Nobody lets this user write a temporary file, where larger bodies and uploads lie while they come.",
            "Let it write /tmp, in a container by --tmpfs /tmp.",
        )
    if deployment.is_sqlite:
        places.add(Path(deployment.url.database or "").absolute().parent)
    for place in sorted(place for place in places if place.exists()):
        free = shutil.disk_usage(place).free
        told = f"{free // _MEGABYTE} MB are free in {place}"
        if free < _NO_ROOM:
            yield error(f"{told}: soon nothing can be written.", "Make room, or move it to a larger disk.")
        elif free < _LITTLE_ROOM:
            yield warning(f"{told}.", "Make room before it is full.")
        else:
            yield ok(f"{told}.")


def check_process(deployment: Deployment) -> Iterator[Finding]:
    """What the system lets a worker do."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files != resource.RLIM_INFINITY and files < _FEWEST_FILES:
        yield warning(
            f"A process may open {files} files, and each connection is one.",
            f"Raise it to {_FEWEST_FILES} or more: ulimit -n, or LimitNOFILE= in the unit.",
        )
    else:
        yield ok(f"A process may open {'any number of' if files == resource.RLIM_INFINITY else files} files.")
    if os.geteuid() == 0 and deployment.settings.is_https:
        yield warning("This runs as root.", "Start it as a user of its own, who owns nothing else.")


def _may_others_reach(path: Path) -> bool:
    # Whoever may not enter the folder reaches no file in it, whatever the file itself allows.
    return bool(path.stat().st_mode & _OTHERS and path.resolve().parent.stat().st_mode & _ENTER)


def _may_write(path: Path) -> bool:
    # Root may by its rights alone; a read-only disk still says no.
    return os.access(path, os.W_OK, effective_ids=True) and not (os.statvfs(path).f_flag & os.ST_RDONLY)


def _me() -> str:
    return str(os.geteuid())


def _find_filesystem(path: Path) -> str | None:
    """The kind of filesystem, by the longest mount point above the path; None where the system does not say."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return None
    mounts = [(fields[1].replace("\\040", " "), fields[2]) for line in lines if len(fields := line.split()) > 2]
    found = [(point, kind) for point, kind in mounts if path.resolve().is_relative_to(point)]
    return max(found, key=lambda mount: len(mount[0]), default=(None, None))[1]
