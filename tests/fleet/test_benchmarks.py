"""The benchmarks run to their end, also where there is no Node.js."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import missing_postgresql

_ROOT = Path(__file__).resolve().parent.parent.parent
_OPERATIONS = ("client credentials", "introspection", "GET /api/me/", "code exchange", "refresh", "authorize + token")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_everything_is_measured_and_judged(database, tmp_path):
    if database == "postgresql" and missing_postgresql():
        pytest.skip(missing_postgresql())
    # Programs are found, but none of Node.js.
    environ = os.environ | {"PATH": str(tmp_path)}
    command = [sys.executable, "-m", "benchmarks", "--quick", "--database", database, "--tokens", "5000"]
    done = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    title = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database]
    told = done.stdout
    assert "Not measured beside node oidc-provider: node and npm not found" in told
    for part in ("in process", "through gunicorn", "eight connections that all write", "many tokens beside few"):
        assert f"\n{title}, {part}" in told
    assert ("prepared statements off" in told) is (database == "postgresql")
    aims = told.partition("What is aimed at")[2]
    for row in ("× what it is told to be by the bare Flask route", "p99 ms", "5,000 tokens ÷ 1,000 tokens"):
        assert f"| {title}, {row}" in aims
    assert all(f" {name} " in aims for name in _OPERATIONS)
    assert "\nReached: " in aims
