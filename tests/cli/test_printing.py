"""What a command prints: where that cannot be, it says so in a sentence, and what is shown once does not count."""

import ast
import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.cli import printing
from app.extensions import db
from tests.cli.test_commands import REGISTER, assert_refused, run_in
from tests.databases import read_rows
from tests.tables import each

_FOLDER = Path(printing.__file__).parent
_FULL = "What was to be told cannot be printed (No space left on device)"


@pytest.fixture
def rows(app):
    def read():
        with app.app_context():
            return read_rows(db.engine, db.metadata)

    return read


@pytest.fixture
def full(monkeypatch):
    """Standard output is a file on a full disk."""
    echo = printing.click.echo

    def write(text: str, **how) -> None:
        if not how.get("err"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        echo(text, **how)

    monkeypatch.setattr(printing.click, "echo", write)


@each(
    ("words", "options"),
    [
        (["clients", "register"], REGISTER),
        (["clients", "rotate-secret", "{client_id}"], {}),
        (["clients", "rotate-secret", "{client_id}", "--keep-others"], {}),
        (["users", "reset-link", "alice@acme.example"], {}),
    ],
    ids=["register", "rotate", "another", "link"],
)
def test_what_is_shown_once_counts_when_it_is_printed(app, alice, notebook, rows, full, words, options):
    """Else the secrets of before are dead, and nobody has seen the new one."""
    before = rows()
    for way in ({}, {"--json": True}):
        result = run_in(app, *(word.format(client_id=notebook.client_id) for word in words), options=options | way)
        assert_refused(result, f"{_FULL}; nothing was changed.")
    assert rows() == before


def test_a_draft_whose_secret_nobody_saw_is_still_one(app, bob, rows, request):
    draft = run_in(app, "clients", "register", options=REGISTER | {"--draft": True, "--json": True})
    client_id = json.loads(draft.stdout)["client_id"]
    before = rows()
    request.getfixturevalue("full")
    assert_refused(run_in(app, "clients", "activate", client_id), f"{_FULL}; nothing was changed.")
    assert rows() == before


def test_no_demonstration_app_has_a_secret_that_nobody_saw(app, rows, full):
    before = rows()
    assert_refused(run_in(app, "seed"), f"{_FULL}; nothing was changed.")
    assert rows() == before


def test_nothing_is_shown_once_where_nobody_listens(app, notebook, rows, monkeypatch):
    """As under ``>&-``, where Python has no standard output, and click prints to nobody in silence."""
    before = rows()
    monkeypatch.setattr(printing, "sys", SimpleNamespace(stdout=None))
    assert_refused(run_in(app, "clients", "rotate-secret", notebook.client_id), "nothing was changed.")
    assert rows() == before


@each("words", [["users", "list"], ["clients", "show", "{client_id}"], ["purge"], ["mail", "list", "--json"]])
def test_a_full_disk_is_told_in_a_sentence(app, notebook, full, words):
    assert_refused(run_in(app, *(word.format(client_id=notebook.client_id) for word in words)), f"{_FULL}.")


def test_every_command_prints_by_what_says_so():
    """But what goes to standard error, where nothing more could be said."""
    for path in _FOLDER.rglob("*.py"):
        if path.name == "printing.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print"):
                assert "err" in {keyword.arg for keyword in node.keywords}, f"{path.name}: {node.lineno}"


def test_every_secret_is_printed_before_it_counts():
    for path in _FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            source = ast.unparse(node) if isinstance(node, ast.FunctionDef) else ""
            if "'client_secret':" in source:
                assert "print_once(" in source and "print_made(" not in source, f"{path.name}: {node.name}"
