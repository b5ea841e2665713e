"""Requests as bytes, read by the server's own parser: sound, odd, broken, and changed by chance. Alike at both doors."""

import random

from app import fast
from tests.fast.raw import environ_of
from tests.fast.test_bad_requests import check
from tests.fast.two_doors import Make, TwoDoors
from tests.robustness.test_raw_sockets import (
    ACCEPTED,
    FORM,
    GRANT,
    NOT_HTTP,
    PATHS,
    REFUSED_BY_US,
    TOKEN_LIKE,
    authorization,
    get,
    post,
)

ME, METADATA = b"/api/me/", b"/.well-known/oauth-authorization-server"
#: How the target of a request may be written that is, or is not, one of ours.
TARGETS = (
    *(b"/oauth/token/", b"//oauth/token", b"/oauth//token", b"/./oauth/token", b"/x/../oauth/token", b"/oauth/token/."),
    *(
        b"/oauth/token;x",
        b"/oauth/token;x=y/",
        b"/oauth/token?",
        b"/oauth/token?x",
        b"/oauth/token#x",
        b"/oauth/token&x",
    ),
    *(
        b"/oauth/%74oken",
        b"/oauth%2ftoken",
        b"/oauth%2Ftoken",
        b"/oauth/token%00",
        b"/oauth/token%20",
        b"/oauth/token%0a",
    ),
    *(
        b"/OAUTH/TOKEN",
        b"/oauth/Token",
        b"/oauth\\token",
        b"/oauth/token\\",
        b"/oauth/tok\xc3\xa9n",
        b"/oauth/token\xa0",
    ),
    *(
        b"http://127.0.0.1/oauth/token",
        b"http://zq7xwv.example/oauth/token",
        b"https:/oauth/token",
        b"oauth/token",
        b"*",
    ),
    *(b"127.0.0.1:80", b"/oauth/token/oauth/token", b"/oauth/tokens", b"/oauth/toke", b"/api/v1/auth/oauth2/token"),
)
#: Headers that may change what is read, or where.
MORE = (
    *(b"Content-Type: text/plain", b"Content-type: application/x-www-form-urlencoded", b"Content-Length: 4"),
    *(b"content-length: 37", b"Content-Length : 37", b"Content-Length: +37", b"Content-Length:", b"Content-Length: 0x25"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding : chunked", b"TE: trailers"),
    *(b"Transfer-Encoding: xchunked", b"Transfer-Encoding:", b"Transfer_Encoding: chunked", b"Content_Length: 4"),
    *(b"Expect: 100-continue", b"Expect: 200-ok", b"Connection: keep-alive, close", b"Connection: Transfer-Encoding"),
    *(b"Upgrade: h2c", b"X-HTTP-Method-Override: DELETE", b"X-Original-URL: /oauth/revoke", b"Origin: null", b"Origin:"),
    *(b"Origin: https://page.example", b"Authorization: Basic YTpi", b"Authorization: Bearer x", b"Authorization:"),
    *(b"Host: zq7xwv.example", b"X-Forwarded-Host: x", b"X-Forwarded-Proto: https", b"X-Request-ID: 0123456789abcdef"),
    *(b"Cookie: reliquary=x", b"SCRIPT_NAME: /oauth", b"Script-Name: /oauth", b"Path-Info: /oauth/revoke", b"Raw-Uri: /x"),
    *(b"Content-Encoding: gzip", b"Accept: text/html", b"X-Zq7xWv: \xff", b"Zq7xWv", b"Range: bytes=0-1", b"If-Match: x"),
)  # fmt: skip


def test_what_the_raw_sockets_send(notebook, doors, tokens):
    compare(doors, raw_requests(authorization(notebook)), at_least=30)


def raw_requests(known: bytes) -> dict[str, bytes]:
    """What is sent to the raw sockets, from a client with this ``Authorization``, by what it is."""
    sent = {
        f"{path}, {kind}": make(path, known)
        for table in (REFUSED_BY_US, ACCEPTED)
        for path in TOKEN_LIKE
        for kind, make in table.items()
    }
    # A page with a form has a token of chance that the tests cannot foresee.
    sent |= NOT_HTTP | {f"{path!r}": get(path) for path in PATHS if b"/sign-in" not in path}
    sent |= {f"POST {target!r}": post(target.decode("latin-1"), known, body=GRANT) for target in TARGETS}
    return sent | {f"GET {target!r}": get(target, known) for target in TARGETS}


def test_one_header_more(notebook, doors, tokens):
    """Before all others and after them, where a parser may take the one or the other for what counts."""
    bearer = b"Authorization: Bearer " + tokens["access_token"].encode()
    honest = {
        "token": post("/oauth/token", authorization(notebook), body=GRANT),
        "me": get(ME, bearer),
        "metadata": get(METADATA),
    }
    compare(doors, one_header_more(honest, MORE), at_least=50)


def test_bytes_changed_by_chance(notebook, doors, tokens):
    chance = random.Random(20261127)
    honest = (
        post("/oauth/token", authorization(notebook), body=GRANT),
        post("/oauth/introspect", authorization(notebook), body=b"token=" + tokens["access_token"].encode()),
        get(ME, b"Authorization: Bearer " + tokens["access_token"].encode()),
        get(METADATA),
    )
    sent = {f"{number}": change(chance.choice(honest), chance) for number in range(400)}
    compare(doors, sent, at_least=40)


def test_every_cut_of_a_request(notebook, doors):
    """Half a body is no request (:rfc:`9112#section-8`), at neither door."""
    whole = post("/oauth/token", authorization(notebook), body=GRANT)
    sent = {f"{length}": whole[:length] for length in range(1, len(whole) + 1, 3)} | {"whole": whole}
    compare(doors, sent)


def test_an_honest_request_comes_to_the_fast_door_as_bytes(notebook):
    """What the worker makes of it is what the table asks for."""
    assert fast.takes(environ_of(post("/oauth/token", authorization(notebook), body=GRANT)))
    assert fast.takes(environ_of(get(ME, b"Authorization: Bearer x")))
    assert FORM in post("/oauth/token", body=GRANT)


def one_header_more(honest: dict[str, bytes], more: tuple[bytes, ...]) -> dict[str, bytes]:
    """Each of these requests with each of these headers: once before all others, and once after them."""
    sent = {}
    for name, raw in honest.items():
        line, _, rest = raw.partition(b"\r\n")
        head, _, body = rest.partition(b"\r\n\r\n")
        for header in more:
            sent[f"{name}, {header!r} first"] = b"\r\n".join([line, header, head]) + b"\r\n\r\n" + body
            sent[f"{name}, {header!r} last"] = b"\r\n".join([line, head, header]) + b"\r\n\r\n" + body
    return sent


def compare(doors: TwoDoors, sent: dict[str, bytes], *, at_least: int = 1) -> None:
    requests: dict[str, Make] = {name: lambda raw=raw: environ_of(raw) for name, raw in sent.items()}  # type: ignore[misc]
    check(doors, requests, at_least=at_least, uses_up=False)


def change(raw: bytes, chance: random.Random) -> bytes:
    """A few bytes put in, taken out, doubled or turned into others; a line twice, or gone."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(changed))
        match chance.randrange(6):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed.insert(at, chance.choice(b"\r\n\t ,;:/%&=+?#\x00\xff0"))
            case 2:
                del changed[at : at + chance.randint(1, 4)]
            case 3:
                changed[at:at] = changed[at : at + chance.randint(1, 20)]
            case 4:
                lines = bytes(changed).split(b"\r\n")
                lines.insert(chance.randrange(len(lines)), chance.choice(lines))
                changed = bytearray(b"\r\n".join(lines))
            case 5:
                changed = bytearray(bytes(changed).swapcase()) if chance.random() < 0.1 else changed
    return bytes(changed)
