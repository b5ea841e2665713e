"""Bytes from elsewhere as text that can be kept: whatever they are encoded in, and whatever is wrong with them."""

import codecs
import re

from app import text
from app.memories.importing.bounds import LONGEST_FOLDER, LONGEST_TAG, LONGEST_TEXT

_BEGINNINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before the shorter one that it begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_OUT_OF_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_UNKEPT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CUT = re.compile(r"\n\s*\n|\n|[.!?。]\s|\s")
#: A text of which more than this share are control characters is none.
_MOST_CONTROL = 0.01


def decode(data: bytes) -> str | None:
    """Returns the text of a file, or None when it is no text."""
    for mark, encoding in _BEGINNINGS:
        if data.startswith(mark):
            return _judge(data.decode(encoding, "replace"))
    if len(data) >= 8 and data[:4096].count(0) > len(data[:4096]) // 4:
        # Every other byte of Latin letters in UTF-16, which programs write without its mark too.
        encoding = "utf-16-le" if data[1:4096:2].count(0) > data[0:4096:2].count(0) else "utf-16-be"
        return _judge(data.decode(encoding, "replace"))
    try:
        return _judge(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if _is_mostly_utf8(data):
        return _judge(data.decode("utf-8", "replace"))
    return _judge(data.decode("cp1252", "replace"))


def clean(words: str, *, lines: bool = True) -> str:
    """Returns a text as every database can keep it: what is no character is shown as such.

    With ``lines`` they end in one way, and empty ones around the text are left out.
    """
    words = _SURROGATE.sub("\ufffd", words.replace("\x00", "\ufffd"))
    return words.replace("\r\n", "\n").replace("\r", "\n").strip("\n") if lines else words


def as_line(words: str, most: int) -> str:
    """Returns words on one line, at most so long; empty for what shows nothing."""
    line = text.clean_line(_OUT_OF_LINE.sub(" ", _SURROGATE.sub("\ufffd", words[: 8 * most])))
    line = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return "" if text.shows_nothing(line) else line


def as_it_was(words: str, most: int) -> str | None:
    """Returns words that a line of ours may hold, without any change; None for others."""
    fits = 0 < len(words) <= most and not _UNKEPT.search(words) and not text.shows_nothing(words)
    return words if fits else None


def as_tag(words: str) -> str | None:
    """Returns a tag without its sign, or None for what is none."""
    words = words.strip().lstrip("#").strip()
    return as_line(words, LONGEST_TAG) if 0 < len(words) <= LONGEST_TAG and as_line(words, LONGEST_TAG) else None


def as_folder(parts: tuple[str, ...]) -> str:
    """Returns a path of folders. One that is too long has shorter names."""
    names = [as_line(part.replace("/", " "), 255) for part in parts]
    names = [name for name in names if name]
    folder = "/".join(names)
    if len(folder) <= LONGEST_FOLDER:
        return folder
    most = LONGEST_FOLDER // len(names) - 1
    return "/".join(as_line(name, most) for name in names)


def split(words: str) -> list[str]:
    """Returns a text in parts that a memory can hold, cut where a paragraph, a line or a sentence ends."""
    parts, begin = [], 0
    while len(words) - begin > LONGEST_TEXT:
        end = begin + LONGEST_TEXT
        cuts = list(_CUT.finditer(words, end - 4000, end))
        best = max(cuts, key=lambda cut: (_rank(cut[0]), cut.end()), default=None)
        end = best.end() if best else end
        parts.append(words[begin:end])
        begin = end
    return [*parts, words[begin:]]


def _rank(cut: str) -> int:
    return 3 if cut.count("\n") > 1 else 2 if "\n" in cut else 1 if not cut.isspace() else 0


def _judge(words: str) -> str | None:
    shown = words[:100_000]
    if len(_CONTROL.findall(shown)) > max(2, len(shown) * _MOST_CONTROL):
        return None
    return clean(words)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether a few bad bytes stand in what is UTF-8 otherwise, so that another encoding would spoil the rest."""
    words = data[:1_000_000].decode("utf-8", "replace")
    beyond_ascii = sum(not letter.isascii() for letter in words)
    return words.count("\ufffd") * 10 < beyond_ascii
