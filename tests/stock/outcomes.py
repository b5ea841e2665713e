"""A pytest plugin that writes down, as JSON, which tests passed and which did not: ``-p tests.stock.outcomes``."""

import json
import os
from pathlib import Path

_outcomes: dict[str, str] = {}
_rows: dict[str, str] = {}


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        marker = item.get_closest_marker("row")
        if marker is not None:
            _rows[item.nodeid] = marker.args[0]


def pytest_runtest_logreport(report) -> None:
    # A test that cannot even be set up, or taken down, has seen something too.
    if _outcomes.get(report.nodeid) != "failed":
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    Path(os.environ["OUTCOMES"]).write_text(json.dumps({"outcomes": _outcomes, "rows": _rows}))
