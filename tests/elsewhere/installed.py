"""The packages of ``package.json``, installed once into a cache outside of the tree, and Node.js to run them with."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_LOCKED = ("package.json", "package-lock.json")
_INSTALL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A folder whose ``node_modules`` has what is locked. A script that imports it must lie there."""

    folder: Path
    node: Path

    def place(self, script: Path, *, into: Path) -> Path:
        """Put a script where its imports are found. Returns its new path."""
        if not (into / "node_modules").exists():
            (into / "node_modules").symlink_to(self.folder / "node_modules")
        (into / "package.json").write_text('{"type": "module"}')
        return Path(shutil.copy(script, into))


def missing() -> str | None:
    """Returns what this machine lacks, as a sentence; None when there is nothing."""
    lacking = [program for program in ("node", "npm") if shutil.which(program) is None]
    return f"{' and '.join(lacking)} not found; apt-get install nodejs npm" if lacking else None


def install() -> Elsewhere:
    """Install what is locked, unless that was done before. Whoever comes meanwhile waits."""
    folder = install_locked(_HERE)
    return Elsewhere(folder, folder / "node_modules" / "node" / "bin" / "node")


def install_locked(packages: Path) -> Path:
    """Returns a folder of the cache with the ``node_modules`` that another folder locks."""
    return install_once([packages / name for name in _LOCKED], ["npm", "ci", "--no-audit", "--no-fund"])


def install_once(files: list[Path], command: list[str]) -> Path:
    """Returns a folder of the cache that has these files, and in which the command was run when they were new."""
    content = b"".join(file.read_bytes() for file in files)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reliquary-tests"
    folder = cache / hashlib.sha256(content).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for file in files:
                shutil.copy(file, folder)
            run_in(folder, command)
            (folder / "installed").touch()
    return folder


def run_in(folder: Path, command: list[str]) -> None:
    """Run a command that installs or builds. Raises RuntimeError with what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
