"""An archive is hostile until it is read: what is wrong with it is named, and the rest comes in."""

import io
import struct
import zipfile

import pytest

from app.memories.importing.bounds import MOST_ENTRIES
from app.memories.importing.skips import Reason, UnusableUpload
from tests.memories.importing.archives import link, make_zip
from tests.tables import each


@each(
    ("name", "reason"),
    [
        ("../../etc/passwd.md", Reason.CLIMBS),
        ("/etc/passwd.md", Reason.CLIMBS),
        ("..\\..\\windows\\win.txt", Reason.CLIMBS),
        ("C:\\Users\\a.md", Reason.CLIMBS),
        ("a/../b.md", Reason.CLIMBS),
        (link("notes.md"), Reason.LINK),
        ("1/2/3/4/5/6/7/8/9/deep.md", Reason.DEEP),
        ("picture.png", Reason.OTHER_KIND),
        ("table.csv", Reason.TABLE),
        (".obsidian/workspace.json", Reason.PROGRAM),
        ("__MACOSX/._a.md", Reason.PROGRAM),
        ("empty.md", Reason.EMPTY),
        ("letters.json", Reason.UNKNOWN_JSON),
        ("user.json", Reason.ABOUT),
    ],
    ids=str,
)
def test_what_does_not_come_in_is_named_and_the_rest_comes_in(read, name, reason):
    words = {"empty.md": " \n", "letters.json": '[{"letter": "a"}]'}.get(name, "x")
    found = read(make_zip(("Good.md", "Words."), (name, words), ("Better.md", "More words.")))
    assert found.titles == ["Good", "Better"]
    assert list(found.skips.values()) == [reason]
    assert str(getattr(name, "filename", name)).replace("\\", "/") in found.skips


def test_as_many_folders_as_there_may_be(read):
    assert read(make_zip(("1/2/3/4/5/6/7/8/note.md", "x"))).drafts[0].folder == "1/2/3/4/5/6/7/8"


def test_a_bomb_is_named_before_it_goes_off(read):
    found = read(make_zip(("Good.md", "Words."), ("bomb.md", b"0" * 20_000_000)))
    assert found.titles == ["Good"] and found.skips == {"bomb.md": Reason.RATIO}


def test_many_small_bombs_are_refused_together(read, monkeypatch):
    monkeypatch.setattr("app.memories.importing.archive.MOST_UNPACKED", 10 * 1024 * 1024)
    small = [(f"{number}.md", b"0" * 1_000_000) for number in range(11)]
    assert len(read(make_zip(*small[:10])).drafts) > 10
    with pytest.raises(UnusableUpload, match="unpacks to more than 10 MB"):
        read(make_zip(*small))


def test_files_that_lie_on_top_of_each_other_are_refused(read):
    """Each names the same packed bytes, so that little becomes much."""
    data = bytearray(make_zip(("a.md", bytes(range(32, 127)) * 40), packed=zipfile.ZIP_STORED))
    begin = data.find(b"PK\x01\x02")
    end = data.find(b"PK\x05\x06")
    entries = bytes(data[begin:end]) * 50
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 50, 50, len(entries), begin, 0)
    with pytest.raises(UnusableUpload, match="on top of each other"):
        read(bytes(data[:begin]) + entries + last)


def test_more_files_than_there_may_be_are_refused_before_they_are_listed(read, monkeypatch):
    """What lists them would need a kilobyte for each."""
    monkeypatch.setattr("app.memories.importing.archive.ZipFile", None)
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0) + b"a.md"
    entries = entry * 100_000
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(entries), 0, 0)
    with pytest.raises(UnusableUpload, match="more than 10,000 files"):
        read(entries + last)


def test_one_file_more_than_there_may_be_is_refused(read):
    files = [(f"{number}.png", "") for number in range(MOST_ENTRIES)]
    assert len(read(make_zip(*files, packed=zipfile.ZIP_STORED)).skips) == MOST_ENTRIES
    with pytest.raises(UnusableUpload, match="more than 10,000 files"):
        read(make_zip(*files, ("one.md", "x"), packed=zipfile.ZIP_STORED))


def test_a_locked_file_is_named(read):
    data = bytearray(make_zip(("Locked.md", "Words."), ("Good.md", "Words.")))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    found = read(bytes(data))
    assert found.titles == ["Good"] and found.skips == {"Locked.md": Reason.ENCRYPTED}


@each("method", [12, 14, 9, 93])
def test_a_file_that_is_packed_in_another_way_is_named(read, method):
    data = bytearray(make_zip(("Odd.md", "Words."), ("Good.md", "Words.")))
    struct.pack_into("<H", data, data.find(b"PK\x01\x02") + 10, method)
    found = read(bytes(data))
    assert found.titles == ["Good"] and found.skips == {"Odd.md": Reason.PACKED}


def test_a_damaged_file_is_named(read):
    data = bytearray(make_zip(("Damaged.md", "These are words."), ("Good.md", "Words."), packed=zipfile.ZIP_STORED))
    data[data.find(b"These")] ^= 1
    found = read(bytes(data))
    assert found.titles == ["Good"] and found.skips == {"Damaged.md": Reason.DAMAGED}


@each("cut", [3, 40, 120, -1, -30])
def test_half_an_archive_is_refused_in_one_sentence(read, cut):
    with pytest.raises(UnusableUpload, match="may be damaged"):
        read(make_zip(("Good.md", "Words." * 100), ("Better.md", "Words."))[:cut], "half.zip")


@each(
    "name",
    [
        "Übung.md",
        "学校/日本語.md",
        "Caf\u0065\u0301.md",
        "🙂/emoji 🙂.md",
        "tab\tand line\n.md",
        "a" * 200 + ".md",
        "CON.md",
    ],
)
def test_odd_names_come_in(read, name):
    found = read(make_zip((name, "Words.")))
    assert len(found.drafts) == 1 and not found.skips
    assert all(character.isprintable() for character in found.titles[0] + found.drafts[0].folder)


def test_names_of_old_programs_are_read(read):
    """macOS writes UTF-8 and does not say so; others write the letters of their system."""
    data = make_zip(("Übung.md", "Words.")).replace("Übung.md".encode(), "Übung.md".encode())
    data = bytearray(data)
    for sign, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(sign)
        struct.pack_into("<H", data, at + place, 0)
    assert read(bytes(data)).titles == ["Übung"]
    old = make_zip(("Xbung.md", "Words.")).replace(b"Xbung", b"\x9abung")
    assert read(old).titles == ["Übung"]


def test_an_archive_in_an_archive_comes_in(read):
    """So Notion splits a large export."""
    inner = make_zip(("Trips/Lisbon.md", "Words."))
    found = read(make_zip(("Export-Part-1.zip", inner), ("Good.md", "Words."), packed=zipfile.ZIP_STORED))
    assert {draft.title: draft.folder for draft in found.drafts} == {"Lisbon": "Trips", "Good": ""}


def test_archives_in_archives_have_an_end(read):
    data = make_zip(("Deep.md", "Words."))
    for number in range(4):
        data = make_zip((f"{number}.zip", data), (f"{number}.md", "Words."))
    found = read(data)
    assert sorted(found.titles) == ["1", "2", "3"]
    assert list(found.skips.values()) == [Reason.NESTED]


def test_a_damaged_archive_in_an_archive_is_named(read):
    found = read(make_zip(("Bad.zip", b"PK\x03\x04 nothing"), ("Good.md", "Words.")))
    assert found.titles == ["Good"] and found.skips == {"Bad.zip": Reason.DAMAGED}


def test_a_name_twice_with_other_words_is_two_memories(read):
    found = read(make_zip(("Same.md", "First."), ("Same.md", "Second."), ("Same.md", "First.")))
    assert [draft.text for draft in found.drafts] == ["First.", "Second.", "First."]
    assert len({draft.digest() for draft in found.drafts}) == 2


def test_the_time_of_a_file_is_its_memorys(read):
    info = zipfile.ZipInfo("Old.md", (2019, 5, 3, 12, 30, 0))
    assert read(make_zip((info, "Words."))).drafts[0].file_time.isoformat() == "2019-05-03T12:30:00+00:00"


def test_an_upload_of_no_bytes_is_refused(read):
    with pytest.raises(UnusableUpload):
        read(b"", "empty.zip")
    assert read(b"", "empty.md").skips == {"empty.md": Reason.EMPTY}


def test_the_comment_of_an_entry_is_not_read_without_end(read):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number in range(200):
            info = zipfile.ZipInfo(f"{number}.md")
            info.comment = b"x" * 65_000
            archive.writestr(info, "Words.")
    with pytest.raises(UnusableUpload):
        read(sink.getvalue())
