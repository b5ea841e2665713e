"""What only runs before a release is there when it is asked for."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def test_what_runs_before_a_release_finds_all_that_it_asks_for():
    """Its fixtures are everybody's: who renames one hears of it now."""
    plan = [sys.executable, "-m", "pytest", "--setup-plan", "-q", "-p", "no:xdist", "tests/fleet", "tests/elsewhere"]
    asked = os.environ | {"TEST_FLEET": "1", "TEST_CLIENTS": "1"}
    planned = subprocess.run(plan, cwd=_ROOT, env=asked, capture_output=True, text=True, timeout=120)
    assert planned.returncode == 0, planned.stdout[-3000:]
    assert "test_each_statement.py" in planned.stdout
