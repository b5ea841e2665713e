"""Everything that should never be sent, made from what an honest client sends; and what an answer to it must hold."""

import re
from collections.abc import Callable
from urllib.parse import quote_plus, urlsplit

from werkzeug.test import TestResponse

#: Is in every value that comes from outside, so that an answer that repeats one is noticed.
MARK = "Zq7xWv"

#: What a parameter's honest value, form-encoded, becomes: the raw values to send under its name, however many.
BAD_VALUES: dict[str, Callable[[bytes], list[bytes]]] = {
    "missing": lambda honest: [],
    "empty": lambda honest: [b""],
    "spaces": lambda honest: [b"+%20+"],
    "twice": lambda honest: [honest, honest],
    "twice, the second another": lambda honest: [honest, MARK.encode()],
    "twice, the first another": lambda honest: [MARK.encode(), honest],
    "twice, one empty": lambda honest: [honest, b""],
    "sixty times": lambda honest: [honest] * 60,
    "another": lambda honest: [MARK.encode()],
    "100 kB": lambda honest: [honest + MARK.encode() + b"x" * 100_000],
    "just too long": lambda honest: [MARK.encode() + b"x" * 4091],
    "NUL": lambda honest: [honest + b"%00" + MARK.encode()],
    "raw NUL": lambda honest: [honest + b"\x00"],
    "line break at the end": lambda honest: [honest + b"%0A"],
    "header after a line break": lambda honest: [honest + b"%0D%0ASet-Cookie:+Zq7xWv%3D1%0D%0A%0D%0A"],
    "raw line break": lambda honest: [honest + b"\r\nSet-Cookie: Zq7xWv=1"],
    "tab and escape": lambda honest: [honest + b"%09%1B[31mZq7xWv%7F"],
    "line separator": lambda honest: [honest + b"%E2%80%A8Zq7xWv%C2%85"],
    "text turned around": lambda honest: [honest + b"%E2%80%AEZq7xWv"],
    "emoji": lambda honest: [honest + quote_plus("🐘Zq7xWv").encode()],
    "raw emoji": lambda honest: [honest + "🐘Zq7xWv".encode()],
    "looks alike": lambda honest: [honest.replace(b"a", "а".encode()).replace(b"o", "о".encode()) + "ꓸ".encode()],
    "Latin-1": lambda honest: [honest + b"%E9Zq7xWv"],
    "not UTF-8": lambda honest: [honest + b"%FF%FEZq7xWv"],
    "raw, not UTF-8": lambda honest: [honest + b"\xff\xfe\x80Zq7xWv"],
    "overlong UTF-8": lambda honest: [honest + b"%C0%80%E0%80%AFZq7xWv"],
    "half a surrogate pair": lambda honest: [honest + b"%ED%A0%80Zq7xWv"],
    "percent signs that escape nothing": lambda honest: [honest + b"%%zz%u0041%Zq7xWv%"],
    "quotes and backslashes": lambda honest: [honest + b"%22%5C%27`Zq7xWv%22%5C"],
    "markup": lambda honest: [b"%22%3E%3Cscript%3EZq7xWv%3C/script%3E%3C!--"],
    "template": lambda honest: [b"{{7*7}}Zq7xWv{0}%25s%25n${x}"],
    "another origin": lambda honest: [b"https://zq7xwv.example/callback"],
    "another origin, disguised": lambda honest: [
        honest.replace(b"%3A%2F%2F", b"%3A%2F%2FZq7xWv%40") + b"%40Zq7xWv.example"
    ],
    "origin without a scheme": lambda honest: [b"//Zq7xWv.example/%5C%5CZq7xWv.example"],
    "script address": lambda honest: [b"javascript:alert(%27Zq7xWv%27)"],
    "JSON": lambda honest: [b"%5B%7B%22type%22%3A%22Zq7xWv%22%7D%5D"],
    "deep JSON": lambda honest: [b"[" * 4000],
    "huge number": lambda honest: [b"9" * 4000],
    "its name in brackets": lambda honest: [honest + b"&Zq7xWv[]=1&Zq7xWv[a][b]=2"],
}

#: Those of them that no parameter, known or not, may ever have (:rfc:`6749#section-3.1`, :rfc:`6749#appendix-A`).
NEVER_ACCEPTED = {
    "twice",
    "twice, the second another",
    "twice, the first another",
    "twice, one empty",
    "sixty times",
    "100 kB",
    "NUL",
    "raw NUL",
    "Latin-1",
    "not UTF-8",
    "raw, not UTF-8",
    "overlong UTF-8",
    "half a surrogate pair",
}
#: One parameter several times.
SEVERAL = {"twice", "twice, the second another", "twice, the first another", "twice, one empty", "sixty times"}
#: Those that are as if nothing had been sent, or are whole and followed by something else.
LIKE_NOTHING = {"missing", "empty", "spaces", "its name in brackets"}

#: :rfc:`6749#section-5.2`, and ``invalid_target`` of :rfc:`8707#section-2`.
TOKEN_ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
}
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")
_QUERY = re.compile(r"[A-Za-z0-9%&=._~-]*")


def encode(parameters: dict[str, str]) -> dict[str, bytes]:
    """The parameters, form-encoded one by one; those that are None are left out."""
    return {name: quote_plus(value).encode() for name, value in parameters.items() if value is not None}


def spoil(honest: dict[str, bytes], name: str, bad: Callable[[bytes], list[bytes]]) -> bytes:
    """The honest request with this one parameter gone bad, as a query string or a body."""
    pairs = [(other, value) for other, value in honest.items() if other != name]
    pairs += [(name, value) for value in bad(honest.get(name, b"1"))]
    return b"&".join(other.encode() + b"=" + value for other, value in pairs)


def find_problem_with_page(answer: TestResponse, *, redirect_uri: str | None) -> str | None:
    """What is wrong with an answer to a browser. ``redirect_uri`` is the only address outside it may lead to."""
    if answer.status_code >= 500 or answer.status_code not in (200, 302, 303, 400, 403, 404, 405, 410, 413, 422, 429):
        return answer.status
    if any("\r" in value or "\n" in value for _, value in answer.headers):
        return "a line break in a header"
    if "<script>Zq7" in answer.text:
        return "markup from outside"
    if answer.location is None:
        return None if answer.status_code not in (302, 303) else "a redirect to nowhere"
    target = urlsplit(answer.location)
    if not target.scheme and not target.netloc and re.match(r"/[^/\\]|/$", answer.location):
        return None if answer.location.isascii() and answer.location.isprintable() else "a redirect that is not ASCII"
    if redirect_uri is None:
        return "a redirect elsewhere"
    query = answer.location.removeprefix(redirect_uri + "?")
    if query == answer.location or not _QUERY.fullmatch(query):
        return "a redirect to an address that is not registered"
    return None


def find_problem_with_refusal(answer: TestResponse) -> str | None:
    """What is wrong with a refusal of the token endpoint or one like it (:rfc:`6749#section-5.2`)."""
    if answer.status_code not in (400, 401, 405, 413):
        return answer.status
    if not answer.is_json or not isinstance(answer.json, dict):
        return f"not JSON: {answer.text[:200]}"
    error, description = answer.json.get("error"), answer.json.get("error_description", "-")
    if error not in TOKEN_ERRORS:
        return f"error is {error!r}"
    if (answer.status_code == 401) != (error == "invalid_client"):
        return f"{answer.status} with {error}"
    if answer.status_code == 401 and not answer.headers.get("WWW-Authenticate", "").startswith("Basic realm="):
        return "401 without a challenge"
    if not _DESCRIPTION.fullmatch(description):
        return f"characters in the description: {description!r}"
    if answer.headers.get("Cache-Control") != "no-store" or answer.location is not None:
        return "cacheable, or a redirect"
    return "repeats what was sent" if MARK.lower() in (answer.text + str(answer.headers)).lower() else None


def assert_no_problems(problems: dict[tuple[str, ...], str | None]) -> None:
    """Fail with every cell of a table that has a problem, each on a line of its own."""
    found = [f"{' / '.join(cell)}: {problem}" for cell, problem in problems.items() if problem]
    assert not found, "\n".join(["", *found])
