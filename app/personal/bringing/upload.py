"""The files of a form, as one upload: several become an archive that is made of them."""

from collections.abc import Iterator, Sequence
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from msgspec import Struct
from werkzeug.datastructures import FileStorage

#: No file system has a longer path, and an archive none of more than 64 kB. Of others the end is kept.
_LONGEST_NAME = 4000


class Upload(Struct):
    """What was sent, on disk."""

    name: str
    file: IO[bytes]
    size: int

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_exc_info: Any) -> None:
        self.file.close()

    def pieces(self, size: int) -> Iterator[bytes]:
        """Returns its bytes, so many at a time."""
        self.file.seek(0)
        while piece := self.file.read(size):
            yield piece


def take_upload(files: Sequence[FileStorage]) -> Upload | None:
    """Returns what the files are together; None when there is none. An empty field of a form is no file."""
    sent = [file for file in files if file.filename]
    if not sent:
        return None
    # A browser that sends a folder names each file by its path in it.
    folder, is_folder, _ = (sent[0].filename or "").partition("/")
    if len(sent) == 1 and not is_folder:
        return Upload(folder, sent[0].stream, _size_of(sent[0].stream))
    file = TemporaryFile()  # noqa: SIM115, the upload closes it
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for number, one in enumerate(sent):
            # A name that is there already is another file all the same.
            info = ZipInfo((one.filename or str(number))[-_LONGEST_NAME:], (1980, 1, 1, 0, 0, 0))
            with archive.open(info, "w", force_zip64=False) as into:
                copyfileobj(one.stream, into)
            # The archive would warn of another of the same name, and say it in the log.
            archive.NameToInfo.pop(info.filename, None)
    return Upload(f"{folder}.zip" if is_folder else f"{len(sent)} files.zip", file, _size_of(file))


def _size_of(stream: IO[bytes]) -> int:
    size = stream.seek(0, 2)
    stream.seek(0)
    return size
