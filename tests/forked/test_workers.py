"""The processes of a run have imported the tests when they begin, and nothing that they would share."""

import sys

import pytest

from tests.forked import collecting
from tests.forked.ready import EACH_ITS_OWN


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process take in a child")
def test_the_processes_of_this_run_were_forked(pytestconfig):
    assert (sys.orig_argv[1:] == ["-m", "tests.forked.worker"]) == hasattr(pytestconfig, "workerinput")


def test_what_makes_memory_that_all_would_write_to_is_not_imported(tmp_path, monkeypatch):
    """Whoever needs it is imported later, by each process for itself."""
    (tmp_path / "test_of_the_worker.py").write_text("import app.worker")
    monkeypatch.setattr(collecting, "_TESTS", tmp_path / "tests")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [*sys.modules]:
        if f"{name}.".startswith(tuple(f"{own}." for own in EACH_ITS_OWN)):
            monkeypatch.delitem(sys.modules, name)
    with collecting.importing_for_others():
        collecting.import_files([tmp_path / "test_of_the_worker.py"])
    assert not {"test_of_the_worker", *EACH_ITS_OWN} & sys.modules.keys()
    collecting.import_files([tmp_path / "test_of_the_worker.py"])
    assert sys.modules.pop("test_of_the_worker").app.worker
