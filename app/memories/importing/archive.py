"""What lies in a zip archive: each file of it that may be read, and each that may not, by name.

Nothing is ever unpacked to where a name says. An archive is looked at before it is opened: what opens it keeps all of
its table of contents in memory.
"""

import stat
import struct
import zlib
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from msgspec import Struct

from app.memories.importing.bounds import DEEPEST, MOST_BYTES, MOST_ENTRIES, MOST_RATIO, MOST_UNPACKED, RATIO_FROM
from app.memories.importing.skips import Reason, Skip, UnusableUpload
from app.memories.importing.zip_names import read_name, read_time
from app.sentences import _

_ENTRY_SIGN = b"PK\x01\x02"
_PIECE = 1024 * 1024
#: The most that is read at once: of a table of contents, which may hold long comments.
_MOST_AT_ONCE = 8 * 1024 * 1024
_ENCRYPTED = 0x1
#: Archives in each other: a large export comes as several in one, which may be one of several files brought at once.
_MOST_INNER = 2
_OF_SYSTEMS = ("__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "icon\r")
#: Endings of what may hold memories.
READ = (".md", ".markdown", ".txt", ".json", ".zip")


class Entry(Struct, frozen=True):
    """One file. ``parts`` are the folders that it lies in."""

    name: str
    parts: tuple[str, ...]
    file_name: str
    size: int
    time: datetime | None
    _archive: ZipFile
    _info: ZipInfo

    @property
    def ending(self) -> str:
        """Returns ``.md`` and the like, in small letters."""
        dot = self.file_name.rfind(".")
        return self.file_name[dot:].lower() if dot > 0 else ""

    def open(self) -> IO[bytes]:
        """Returns its bytes as a stream. What is wrong with them raises one of :data:`DAMAGE`."""
        return self._archive.open(self._info)


#: What reading an entry may raise.
DAMAGE = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class Archive:
    """An archive and those in it, as one list of entries."""

    def __init__(self, file: IO[bytes]) -> None:
        self._files = [file]
        self._archives: list[ZipFile] = []
        self._unpacked = 0
        self.entries: list[Entry] = []
        self.skips: list[Skip] = []
        self.is_obsidian = False
        try:
            self._take(file, "", (), 0)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_exc_info: Any) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it, and of what was unpacked of it."""
        for archive in self._archives:
            archive.close()
        for file in self._files[1:]:
            file.close()

    def _take(self, file: IO[bytes], within: str, parts: tuple[str, ...], depth: int) -> None:
        archive, length = _open(file)
        self._archives.append(archive)
        packed = 0
        for info in archive.infolist():
            found = _look_at(archive, info, within, parts)
            self.is_obsidian |= ".obsidian" in read_name(info).lower().split("/")
            if found is None:
                continue
            if len(self.entries) + len(self.skips) >= MOST_ENTRIES:
                raise UnusableUpload(_too_many())
            if isinstance(found, Skip):
                self.skips.append(found)
                continue
            packed += info.compress_size
            if packed > length:
                # Several names for the same bytes: each would be unpacked.
                raise UnusableUpload(_("The files in this archive lie on top of each other. Make it anew."))
            if found.ending == ".zip":
                self._take_inner(found, depth + 1)
                continue
            self._count(info.file_size)
            self.entries.append(found)

    def _take_inner(self, entry: Entry, depth: int) -> None:
        if depth > _MOST_INNER:
            self.skips.append(Skip(entry.name, Reason.NESTED))
            return
        if entry.size > MOST_BYTES:
            self.skips.append(Skip(entry.name, Reason.RATIO))
            return
        self._count(entry.size)
        inner = TemporaryFile()  # noqa: SIM115, close() closes it
        self._files.append(inner)
        try:
            with entry.open() as stream:
                while piece := stream.read(_PIECE):
                    inner.write(piece)
            self._take(inner, f"{entry.name}/", entry.parts, depth)
        except (*DAMAGE, _NoArchive):
            self.skips.append(Skip(entry.name, Reason.DAMAGED))

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > MOST_UNPACKED:
            raise UnusableUpload(
                _("This archive unpacks to more than %(most)s MB. Bring it in parts.", most=MOST_UNPACKED // _PIECE)
            )


class _NoArchive(Exception):
    """It is no archive, or nobody can read where its files are."""


class _Bounded:
    """A file of which nobody reads very much at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, lambda: True

    def read(self, size: int = -1) -> bytes:
        found = self._file.read(min(size, _MOST_AT_ONCE + 1) if size >= 0 else _MOST_AT_ONCE + 1)
        if len(found) > _MOST_AT_ONCE:
            raise BadZipFile
        return found

    def close(self) -> None:
        """It belongs to somebody else."""


def open_archive(file: IO[bytes]) -> Archive:
    """Returns what lies in an archive. Raises :class:`UnusableUpload`."""
    try:
        return Archive(file)
    except _NoArchive:
        raise UnusableUpload(_("This is no zip archive that can be read; it may be damaged.")) from None


def _open(file: IO[bytes]) -> tuple[ZipFile, int]:
    count, length = _measure(file)
    # What is stored without being packed may hold the same sign: an archive in an archive.
    if count > 2 * MOST_ENTRIES:
        raise UnusableUpload(_too_many())
    try:
        return ZipFile(_Bounded(file)), length
    except (*DAMAGE, struct.error, UnicodeError):
        raise _NoArchive from None


def _too_many() -> str:
    return _("This archive holds more than %(most)s files. Bring it in parts.", most=f"{MOST_ENTRIES:,}")


def _measure(file: IO[bytes]) -> tuple[int, int]:
    """How often the sign of an entry stands in a file, which is how many there can be at most; and its length."""
    count, length, before = 0, 0, b""
    file.seek(0)
    while piece := file.read(_PIECE):
        count += (before + piece).count(_ENTRY_SIGN)
        length += len(piece)
        before = piece[-len(_ENTRY_SIGN) + 1 :]
    return count, length


def _look_at(archive: ZipFile, info: ZipInfo, within: str, parts: tuple[str, ...]) -> Entry | Skip | None:
    """An entry, why it is none, or None for a folder."""
    path = read_name(info)
    name = within + path
    is_absolute = path.startswith("/") or path[1:3] == ":/"
    names = [part for part in path.split("/") if part not in ("", ".")]
    mode = info.external_attr >> 16
    if path.endswith("/") and not info.file_size:
        return None
    reason = None
    if is_absolute or ".." in names or not names:
        reason = Reason.CLIMBS
    elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        reason = Reason.LINK
    elif any(part.startswith(".") or part.lower() in _OF_SYSTEMS for part in names):
        reason = Reason.PROGRAM
    elif not names[-1].lower().endswith(READ):
        reason = Reason.TABLE if names[-1].lower().endswith(".csv") else Reason.OTHER_KIND
    elif len(parts) + len(names) - 1 > DEEPEST:
        reason = Reason.DEEP
    else:
        reason = _find_trap(info)
    if reason is not None:
        return Skip(name, reason)
    return Entry(name, (*parts, *names[:-1]), names[-1], info.file_size, read_time(info), archive, info)


def _find_trap(info: ZipInfo) -> Reason | None:
    if info.flag_bits & _ENCRYPTED:
        return Reason.ENCRYPTED
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return Reason.PACKED
    if info.file_size > RATIO_FROM and info.file_size > MOST_RATIO * max(1, info.compress_size):
        return Reason.RATIO
    return None
