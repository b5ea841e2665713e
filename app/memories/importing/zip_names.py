"""What a zip archive says of a file: its path and its time, in the several ways in which programs write them."""

import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from zipfile import ZipInfo

_UTF8_NAME = 0x800
_UNICODE_PATH, _UNIX_TIME = 0x7075, 0x5455


def read_name(info: ZipInfo) -> str:
    """Returns the path as whoever made the archive wrote it: old programs say no encoding, and some divide with backslashes."""
    name = info.orig_filename.partition("\x00")[0]
    if not info.flag_bits & _UTF8_NAME:
        raw = name.encode("cp437", "replace")
        told = _extra(info, _UNICODE_PATH)
        if told and len(told) > 5 and told[0] == 1 and struct.unpack_from("<L", told, 1)[0] == zlib.crc32(raw):
            raw = told[5:]
        with suppress(UnicodeDecodeError):
            name = raw.decode("utf-8")
    return name.replace("\\", "/")


def read_time(info: ZipInfo) -> datetime | None:
    """Returns when the file was changed last, where that is known. What says no time zone is taken for UTC."""
    told = _extra(info, _UNIX_TIME)
    try:
        if told and len(told) >= 5 and told[0] & 1:
            return datetime.fromtimestamp(struct.unpack_from("<L", told, 1)[0], UTC)
        # The programs' own way to say that they do not know.
        return None if info.date_time[:3] == (1980, 1, 1) else datetime(*info.date_time, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _extra(info: ZipInfo, wanted: int) -> bytes | None:
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == wanted:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return None
