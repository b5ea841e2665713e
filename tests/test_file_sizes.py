"""A file is one thing and a folder no heap: what is too large is several things, and is split by what it is about."""

import ast
from collections import Counter
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_MOST_LINES_OF_FILE = 260
# A test says more of what it arranges than the code says of what it does.
_MOST_LINES_OF_TESTS = 500
_MOST_FILES_OF_FOLDER = 25


def find_large_files(root: Path) -> list[str]:
    """Returns a sentence for each file with too many lines and each folder with too many files."""
    files = [path for path in sorted(root.rglob("*")) if path.suffix in (".py", ".css", ".js", ".html")]
    found = []
    for path in files:
        lines = len(path.read_text().splitlines())
        if lines > _MOST_LINES_OF_FILE:
            found.append(f"{path.relative_to(root.parent)} has {lines} lines; split what is several things.")
    for folder, count in sorted(Counter(path.parent for path in files).items()):
        if count > _MOST_FILES_OF_FOLDER:
            found.append(
                f"{folder.relative_to(root.parent)} holds {count} files; {_MOST_FILES_OF_FOLDER} are the most."
            )
    return found


def test_no_tests_are_of_several_things():
    lengths = {path: len(path.read_text().splitlines()) for path in (_ROOT / "tests").rglob("*.py")}
    assert {path.name: lines for path, lines in lengths.items() if lines > _MOST_LINES_OF_TESTS} == {}


@pytest.mark.parametrize("folder", ["app", "static", "templates"])
def test_no_file_is_several_things_and_no_folder_a_heap(folder):
    assert find_large_files(_ROOT / folder) == []


def find_empty_packages(root: Path) -> list[str]:
    """Returns each package that holds a sentence about itself and nothing else."""
    packages = [path.parent for path in root.rglob("__init__.py") if len(ast.parse(path.read_text()).body) <= 1]
    return sorted(
        package.name for package in packages if not [*package.glob("[!_]*.py"), *package.glob("*/__init__.py")]
    )


def test_no_package_is_empty():
    """What has moved elsewhere leaves no name behind."""
    assert find_empty_packages(_ROOT / "app") == []


def test_an_empty_package_is_seen(tmp_path):
    for name in ("left", "lived_in"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('"""Once it held records."""\n')
    (tmp_path / "lived_in" / "record.py").write_text("x = 1\n")
    assert find_empty_packages(tmp_path) == ["left"]


def test_a_large_file_and_a_full_folder_are_seen(tmp_path):
    (tmp_path / "large.py").write_text("x = 1\n" * (_MOST_LINES_OF_FILE + 1))
    full = tmp_path / "full"
    full.mkdir()
    for number in range(_MOST_FILES_OF_FOLDER + 1):
        (full / f"{number}.py").write_text("x = 1\n")
    of_file, of_folder = find_large_files(tmp_path)
    assert "large.py has 261 lines" in of_file and "full holds 26 files" in of_folder
