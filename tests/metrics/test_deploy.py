"""The alert rules and the dashboard: checked by Prometheus' own tool, and about metrics that there are."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from app import metrics
from app.database import unavailable
from app.metrics import kinds
from tests.metrics.test_port import scrape, served, wait_for  # noqa: F401
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent.parent
_ALERTS = _ROOT / "deploy" / "prometheus" / "alerts.yml"
_DASHBOARD = _ROOT / "deploy" / "grafana" / "reliquary.json"
_RUNBOOK = _ROOT / "deploy" / "RUNBOOK.md"

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def promtool(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["promtool", *arguments], cwd=_ALERTS.parent, capture_output=True, text=True, timeout=60, **options
    )


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load(_ALERTS.read_text())["groups"] for rule in group["rules"]]


@needs_promtool
def test_promtool_takes_the_rules_and_the_scrape():
    for arguments in (["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"]):
        done = promtool(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_each_rule_fires_when_it_should_and_is_silent_on_a_good_day():
    done = promtool("test", "rules", "alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    tested = (_ALERTS.parent / "alerts_test.yml").read_text()
    for rule in rules():
        assert f"name: {rule['alert']} fires" in tested and f"alertname: {rule['alert']}," in tested


@needs_promtool
def test_a_rule_that_never_fires_is_seen(tmp_path):
    broken = _ALERTS.read_text().replace("reliquary_database_up == 0", "reliquary_database_up == 7")
    (tmp_path / "alerts.yml").write_text(broken)
    cases = yaml.safe_load((_ALERTS.parent / "alerts_test.yml").read_text())
    cases["tests"] = [case for case in cases["tests"] if "ReliquaryDatabaseAway fires" in case["name"]]
    (tmp_path / "alerts_test.yml").write_text(yaml.safe_dump(cases))
    assert len(cases["tests"]) == 1
    done = promtool("test", "rules", str(tmp_path / "alerts_test.yml"))
    assert done.returncode != 0 and "ReliquaryDatabaseAway" in done.stdout + done.stderr


@needs_promtool
def test_promtool_takes_what_a_scrape_gets(served):  # noqa: F811
    _server, port = served
    wait_for(lambda: "reliquary_database_up 1" in scrape(port))
    done = promtool("check", "metrics", input=scrape(port))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_says_what_to_do_and_where_to_read_on():
    anchors = {line.removeprefix("## ").lower() for line in _RUNBOOK.read_text().splitlines() if line.startswith("## ")}
    for rule in rules():
        told = rule["annotations"]
        assert told["summary"].endswith((".", "twice.")) and told["action"].endswith("."), rule["alert"]
        path, _, anchor = told["runbook"].partition("#")
        assert _ROOT / path == _RUNBOOK and anchor in anchors, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
    assert {rule["annotations"]["runbook"].partition("#")[2] for rule in rules()} == anchors


def test_each_kind_of_error_of_the_database_is_explained():
    """An alert names the kind, and sends whoever reads it here."""
    section = _RUNBOOK.read_text().partition("## Database")[2].partition("\n## ")[0]
    told = {"outdated", "silent", *unavailable._SQLITE.values(), *unavailable._POSTGRESQL.values()}
    assert told == set(re.findall(r"^\* `([a-z-]+)`:", section, re.MULTILINE))


@cache
def _queries() -> dict[str, str]:
    panels = json.loads(_DASHBOARD.read_text())["panels"]
    return {rule["alert"]: rule["expr"] for rule in rules()} | {
        f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel["targets"]
    }


@cache
def _told() -> dict[str, set[str]]:
    """Each series that a scrape may get, and its labels."""
    told: dict[str, set[str]] = {}
    for row in kinds.rows():
        suffixes = ("_bucket", "_sum", "_count") if isinstance(row, metrics.Histogram) else ("",)
        for suffix in suffixes:
            told[row.name + suffix] = {*row._labels, *(("le",) if suffix == "_bucket" else ())}
    return told


@each("name", list(_queries()))
def test_what_is_asked_for_is_told(name):
    """Metrics and the labels in braces of every query exist, and so do the values that it picks by name."""
    told, query = _told(), _queries()[name]
    for metric, matchers in re.findall(r"(reliquary_\w+)(?:\{([^}]*)\})?", query):
        assert metric in told, metric
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', matchers or ""):
            assert label in {"instance", "job"} | told[metric], (metric, label)
            row = next(row for row in kinds.rows() if metric.startswith(row.name))
            allowed = row._labels.get(label)
            if operator == "=" and allowed is not None and not isinstance(allowed, int):
                assert value in allowed, (metric, label, value)
    for labels in re.findall(r"by \(([^)]*)\)", query):
        known = {"instance"}.union(*(told[metric] for metric in re.findall(r"reliquary_\w+", query)))
        assert set(re.split(r",\s*", labels)) <= known, (labels, known)


def test_every_metric_is_on_the_dashboard_or_in_a_rule():
    asked = " ".join(_queries().values())
    assert [row.name for row in kinds.rows() if row.name not in asked and row.name.startswith("reliquary_")
            and "hits" not in row.name] == []  # fmt: skip
