"""Whether a consent is live is decided in one place, once in SQL and once in Python, and both say the same."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from app import clock
from app.consents.live import has_ended, has_run_out, is_live, is_open
from app.consents.models import Consent
from app.extensions import db
from tests.parsed import parse_file, walk
from tests.tables import each

_APP = Path(__file__).resolve().parents[2] / "app"
_HOME = _APP / "consents" / "live.py"
# Only a file with one of these words can hold what is looked for.
_ENDS = re.compile("revoked_at|expires_at")

_NOW = clock.now().replace(microsecond=0)
_MOMENTS = (None, _NOW - timedelta(seconds=1), _NOW, _NOW + timedelta(seconds=1))


@pytest.mark.database
@each(("revoked_at", "expires_at"), list(product(_MOMENTS, _MOMENTS)))
def test_sql_and_python_agree(app, alice, notebook, monkeypatch, revoked_at: datetime, expires_at: datetime):
    monkeypatch.setattr("app.clock.now", lambda: _NOW)
    with app.app_context():
        ends = {"revoked_at": revoked_at, "expires_at": expires_at}
        row = {"user_id": alice.id, "client_key": notebook.client_id, "scope": "", "selection": "none"}
        db.session.add(consent := Consent(**row, **ends))
        db.session.flush()
        is_found = db.session.scalar(select(is_live(Consent)))
        assert is_found == consent.is_live() == (not has_ended(revoked_at, expires_at))
        assert db.session.scalar(select(is_open(Consent))) == (revoked_at is None)
        assert has_run_out(revoked_at, expires_at) == (revoked_at is None and not is_found)
        db.session.rollback()


def find_second_spellings(tree: ast.AST) -> Iterator[int]:
    """The lines that decide by themselves whether a consent has ended."""
    for node in walk(tree):
        if isinstance(node, ast.Compare):
            sides, operators = [node.left, *node.comparators], node.ops
            is_order = any(isinstance(one, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for one in operators)
            if any(_names_end(side, "revoked_at") or (is_order and _names_end(side, "expires_at")) for side in sides):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SQL_TESTS:
            if _names_end(node.func.value, "revoked_at") or _names_end(node.func.value, "expires_at"):
                yield node.lineno
        else:
            for tested in _truths(node):
                if _names_end(tested, "revoked_at"):
                    yield node.lineno


_SQL_TESTS = {"is_", "is_not", "isnot", "is_distinct_from", "between"}


def _truths(node: ast.AST) -> list[ast.expr]:
    """What is asked whether it is true."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return [node.test]
    if isinstance(node, ast.BoolOp):
        return node.values
    return [node.operand] if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) else []


def _names_end(node: ast.expr, column: str) -> bool:
    """``Consent.revoked_at``, ``consent.revoked_at``, ``connection.consent.revoked_at``, ``token.consent_revoked_at``."""
    if not isinstance(node, ast.Attribute):
        return False
    if node.attr == f"consent_{column}":
        return True
    owner = node.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return node.attr == column and name.lower().endswith("consent")


def test_nothing_else_decides_whether_a_consent_is_live():
    found = [
        f"{path.relative_to(_APP)} line {line}: ask app.consents.live."
        for path in sorted(_APP.rglob("*.py"))
        if path != _HOME and _ENDS.search(path.read_text())
        for line in find_second_spellings(parse_file(path))
    ]
    assert found == []


@each(
    "line",
    [
        "select(Consent).where(Consent.revoked_at.is_(None))",
        "or_(Consent.expires_at.is_(None), Consent.expires_at > at)",
        "Consent.expires_at <= clock.now()",
        "token.consent_expires_at <= clock.now()",
        "if self.consent_revoked_at is not None: pass",
        "if connection.consent.revoked_at: pass",
        "x = not consent.revoked_at",
        "x = consent.expires_at is None or consent.expires_at > at",
    ],
)
def test_a_second_spelling_is_seen(line: str):
    assert list(find_second_spellings(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    ["consent.revoked_at = at", "until = None if token.consent_expires_at is None else 1", "secret.expires_at <= at"],
)
def test_what_only_reads_or_writes_an_end_is_none(line: str):
    assert not list(find_second_spellings(ast.parse(line)))
