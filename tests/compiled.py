"""Templates that are compiled once for all apps of all processes of a run, instead of once for each app."""

from pathlib import Path

from flask import Flask
from jinja2 import Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket


class _CompiledTemplates(FileSystemBytecodeCache):
    """Jinja's own knows templates apart by their text alone; which extensions read it decides too what becomes of it."""

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        read_by = ",".join(sorted(environment.extensions))
        return super().get_bucket(environment, f"{read_by}:{name}", filename, source)


def share_compiled(directory: Path) -> None:
    """Have every app that this process makes from now on keep what it compiles in this folder, and take it from there."""
    directory.mkdir(exist_ok=True)
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _CompiledTemplates(str(directory))}
