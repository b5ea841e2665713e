"""What texts look like, as patterns that are told in the description of an operation too."""

import re

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
# What is drawn as nothing: a test compares it with what ``app.text`` knows, but for the marks that need a letter.
_NOTHING = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U00013430-\U0001343f\U00013441\U00013442\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    + "".join(f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xD0000, 0x10000))
    + "\U000dfffe-\U000e0fff\U000efffe-\U000effff\U000ffffe-\U000fffff\U0010fffe-\U0010ffff"
)
# What shows nothing can only come before the first visible character, so that a long text is matched in one way.
_BLANK = rf"[ \xa0\u1680\u2000-\u200a\u202f\u205f\u3000{_NOTHING}]*"
VISIBLE = rf"[^\s{_CONTROL}{_NOTHING}]"
_PART = rf"{_BLANK}[^/\s{_CONTROL}{_NOTHING}][^/{_CONTROL}]*"

#: One line of visible text.
ONE_LINE = rf"^{_BLANK}{VISIBLE}[^{_CONTROL}]*$"
#: Any text but the character NUL, which PostgreSQL cannot keep.
ANY_TEXT = r"^[^\x00]*$"
FOLDER = rf"^({_PART}(/{_PART})*)?$"
WEB_ADDRESS = rf"^https?://[^\s{_CONTROL}]+$"
IDENTIFIER = r"^[A-Za-z0-9_]{1,40}$"
KIND = r"^[a-z][a-z0-9_]{0,39}$"

# In the patterns above they stand in classes alone.
_IN_PAIRS = re.compile("[\U00010000-\U0010ffff](?:-[\U00010000-\U0010ffff])?")


def describe_pattern(pattern: str) -> str:
    """Returns the pattern as it is told: without characters that JavaScript writes in two halves.

    Unless it is told to, it takes each half for a character of its own, and a range of them is then an error, with
    which a whole client that was made of the description did not load. What is told so refuses a little less.
    """
    return _IN_PAIRS.sub("", pattern)
