"""Picks as text: what a form sends comes back as the same pick, and nothing else is one."""

from app.memories.picks import Pick, containers_of_memory, parse_pick
from tests.tables import each


@each(
    "pick",
    [
        Pick("int_1"),
        Pick("int_1", "Trips/Lisbon"),
        Pick("int_1", "100% été: a+b & c\nd"),
        Pick("int_1", "x" * 500),
        Pick(memory_id="mry_1"),
    ],
)
def test_a_pick_survives_its_key(pick):
    assert pick.key.isascii() and pick.key.isprintable()
    assert parse_pick(pick.key) == pick


@each(
    "key",
    ["", "x", "i:", "i:int_1:Trips", "m:mry_1:x", "f:int_1", "f:int_1:", "f:int_1:a%00b", "f:int_1:" + "x" * 501,
     "i:int 1", "i:int_1\n", "i:" + "x" * 41, "m:\x00", "i:é", "f:" + "x" * 100_000],
)  # fmt: skip
def test_what_is_no_pick_is_none(key):
    assert parse_pick(key) is None


def test_what_would_include_a_folder_is_everything_above_it():
    assert list(Pick("int_1", "a/b/c").containers()) == [Pick("int_1", "a/b"), Pick("int_1", "a"), Pick("int_1")]
    assert list(Pick("int_1").containers()) == []
    assert list(Pick(memory_id="mry_1").containers()) == []


def test_what_would_include_a_memory_begins_with_its_folder():
    assert list(containers_of_memory("int_1", "a/b")) == [Pick("int_1", "a/b"), Pick("int_1", "a"), Pick("int_1")]
    assert list(containers_of_memory("int_1", "")) == [Pick("int_1")]
