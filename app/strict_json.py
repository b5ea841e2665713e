"""JSON as every reader reads it alike (:rfc:`8259`): no name twice, no number that JSON does not have.

Nothing that is sent here is unpacked, forms neither; and nobody may compress it unasked (:rfc:`9110#section-15.5.16`).
"""

import json
from typing import Any, Protocol

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: A body up to here may hold what it likes; of a longer one the values are counted first.
_LEAST = 256 * 1024
#: Room is for long texts: no call takes so many values, and each costs thirty times what it takes to send.
MOST_VALUES = 20_000

NOT_COMPRESSED = "Send the body as it is, without a Content-Encoding."


class _Headers(Protocol):
    def get(self, key: str, /) -> str | None: ...


class BadBody(ValueError):
    """A body that is not the JSON that every reader reads alike; the message is a sentence that says what is wrong."""


def parse_body(body: bytes) -> Any:
    """Returns what the bytes say in JSON. Raises :class:`BadBody`."""
    # Section 8.1: nobody may send it, and whoever reads may look past it.
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if len(body) > _LEAST and _holds_too_many_values(body):
        raise BadBody("The body holds more values than any call takes.")
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_no_name_twice, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise BadBody("The body is not UTF-8.") from None
    except RecursionError:
        raise BadBody("The body is nested too deeply.") from None
    except ValueError as error:
        sentence = error.args[0] if isinstance(error, _Odd) else "The body is not JSON."
        raise BadBody(sentence) from None


def is_compressed(headers: _Headers) -> bool:
    """Returns whether the sender says so. It is asked of a body that cannot be read, to say why."""
    coding = headers.get("Content-Encoding") or ""
    return coding.strip().lower() not in ("", "identity")


def _holds_too_many_values(body: bytes) -> bool:
    """Counted before they are made, by what stands between strings."""
    quotes_alone = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if quotes_alone.count(b'"') > 4 * MOST_VALUES:
        return True
    between = b"".join(quotes_alone.split(b'"')[::2])
    return sum(map(between.count, (b",", b"[", b"{"))) > MOST_VALUES


class _Odd(ValueError):
    """What Python would take and other readers of JSON would not, or would read differently."""


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    if len(kept) < len(pairs):
        raise _Odd("An object in the body has one name twice.")
    return kept


def _no_constant(_name: str) -> None:
    raise _Odd("The body holds a number that JSON does not have.")
