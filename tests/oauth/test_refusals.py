"""One table of refusals: each reason has a full row, each row is used, and nothing is refused beside it."""

import ast
import importlib
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from authlib.oauth2 import OAuth2Error

from app.oauth.refusals import REFUSALS, Reason, refuse
from tests.parsed import parse_file, walk
from tests.tables import each

_APP = Path(__file__).resolve().parents[2] / "app"
_OAUTH = _APP / "oauth"
#: Tells of a record whose reason this version does not know. Nothing is refused for it.
_NOT_REFUSED = {Reason.OTHER}


def _trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the protocol but the table's own, by name."""
    for file in sorted(_OAUTH.rglob("*.py")):
        if _OAUTH / "refusals" not in file.parents:
            name = ".".join(file.relative_to(_APP.parent).with_suffix("").parts).removesuffix(".__init__")
            yield name, parse_file(file)


@each("reason", Reason)
def test_every_reason_has_a_full_row(reason):
    row = REFUSALS[reason]
    assert row.error and row.said and row.happened and row.fix
    # RFC 6749 section 5.2: the letters that may stand in error_description.
    assert all(0x20 <= ord(letter) <= 0x7E and letter not in '"\\' for letter in row.said)
    assert row.line is None or (row.error == "invalid_grant" and row.said == row.line.said and row.line.advice)
    assert row.kept_as is None or REFUSALS[row.kept_as].happened == row.happened


def test_a_refusal_says_what_its_row_says():
    refused = refuse(Reason.CODE_EXPIRED, code_seconds=60)
    assert (refused.error, refused.status_code) == ("invalid_grant", 400)
    assert refused.description == "The code is older than 60 seconds: redeem it as soon as the person comes back."
    assert refused.anchor("token") == "invalid_grant-expired-code"
    assert refuse(Reason.SCOPE_UNKNOWN).anchor("authorize") == "authorize-invalid_scope"


@each("reason", [reason for reason, row in REFUSALS.items() if "{" in row.said])
def test_a_sentence_is_never_sent_with_a_gap_in_it(reason):
    with pytest.raises(KeyError):
        refuse(reason)
    names = [name for _, name, _, _ in string.Formatter().parse(REFUSALS[reason].said) if name]
    assert "{" not in refuse(reason, **dict.fromkeys(names, "something")).description


def test_every_row_is_used():
    """By ``refuse(Reason.X)``, or by a function that returns ``Reason.X`` for one that refuses or writes it down."""
    used = set()
    for name, tree in _trees():
        if name in ("app.oauth.journal.told", "app.oauth.journal.sentences"):
            continue
        for node in walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse":
                used |= _reasons_in(node.args[0])
            elif isinstance(node, ast.Return | ast.Assign) and node.value is not None:
                used |= _reasons_in(node.value)
    assert used == set(Reason) - _NOT_REFUSED


def _reasons_in(tree: ast.AST) -> set[Reason]:
    return {
        Reason[node.attr]
        for node in walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }


def test_nothing_is_refused_beside_the_table():
    """An error of Authlib's has no reason, no line of the guide, and no sentence in an app's Requests."""
    others = []
    for name, tree in _trees():
        module = importlib.import_module(name)
        for node in walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                made = getattr(module, node.func.id, None)
                if isinstance(made, type) and issubclass(made, OAuth2Error):
                    others.append(f"{name} line {node.lineno} makes {made.__name__}; raise refuse(Reason.…).")
    assert not others, "\n".join(others)
