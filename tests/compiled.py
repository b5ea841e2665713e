"""Templates that are compiled once for all apps of all processes of a run, instead of once for each app."""

from pathlib import Path

from flask import Flask
from jinja2 import Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket

#: Tells a server of :mod:`tests.served` in which folder that is.
VARIABLE = "TEST_COMPILED_TEMPLATES"
_shared: list[Path] = []


class _CompiledTemplates(FileSystemBytecodeCache):
    """Jinja's own knows templates apart by their text alone; which extensions read it decides too what becomes of it."""

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        read_by = ",".join(sorted(environment.extensions))
        return super().get_bucket(environment, f"{read_by}:{name}", filename, source)


def share_compiled(directory: Path) -> None:
    """Have every app that this process makes from now on keep what it compiles in this folder, and take it from there."""
    directory.mkdir(exist_ok=True)
    _shared[:] = [directory]
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _CompiledTemplates(str(directory))}


def environ_of_compiled() -> dict[str, str]:
    """What tells a server where this process keeps what it compiles."""
    return {VARIABLE: str(_shared[0])} if _shared else {}
