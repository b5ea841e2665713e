"""The doors: who comes in where, and everything that follows from it. This file knows no framework and no request.

A blueprint or a route names its door once (:mod:`app.http.routes`). Whatever stands in front of our routes, such as the
server's worker or a path around Flask, reads the same rows.
"""

from enum import Enum

from msgspec import Struct

from app.database.access import EVERYTHING, Access


class Errors(Enum):
    """In what shape an error is told."""

    #: A page for a person.
    PAGE = "page"
    #: ``error`` and ``error_description``, with the line of our guide that explains it.
    OAUTH = "oauth"
    #: The same for programs whose makers have no line in the guide.
    PLAIN = "plain"
    #: ``code``, ``message`` and ``request_id``.
    API = "api"


class Origins(Enum):
    """Which web pages may read an answer (CORS)."""

    NONE = "none"
    #: Those that the calling client has registered.
    CALLER = "caller"
    ANY = "any"


class Database(Enum):
    """By which of its two doors to the database a request writes, if it writes at all."""

    #: The ORM's session, with methods that do not only read. Statements on driver connections come before its
    #: transaction, and only read on methods that only read.
    ORM = "orm"
    #: Driver connections, with any method but HEAD. The ORM only reads beside them.
    DRIVER = "driver"


class Headers(Struct, frozen=True):
    """What every answer says, unless it says something else by itself."""

    fixed: tuple[tuple[str, str], ...]
    #: The Content-Security-Policy; a page adds where its forms may lead.
    policy: str = ""
    #: What only an answer over https says.
    over_https: tuple[tuple[str, str], ...] = ()


_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_TRANSPORT = (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),)
_FOR_NOBODY = ("camera=()", "geolocation=()", "microphone=()")
_FOR_A_BROWSER = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Not "no-referrer": with it browsers send "Origin: null" along with our own forms.
    ("Referrer-Policy", "same-origin"),
    # No Cross-Origin-Opener-Policy: an app may open the sign-in in a popup and wait for it.
    (
        "Permissions-Policy",
        ", ".join((*_FOR_NOBODY, "publickey-credentials-create=(self)", "publickey-credentials-get=(self)")),
    ),
)
FOR_A_FILE = Headers(_FOR_A_BROWSER, over_https=_TRANSPORT)
FOR_A_PAGE = Headers((*_FOR_A_BROWSER, ("Cache-Control", "no-store")), _CONTENT_SECURITY_POLICY, _TRANSPORT)
FOR_A_PROGRAM = Headers((("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")))

#: How many bytes a request line may have where programs call: room for each parameter of the API at its longest,
#: percent-encoded.
_LONG_LINE = 64 * 1024
#: The same for pages. None is that long, and a longer address would not come through most proxies and redirects.
_PAGE_LINE = 8190


class Door(Struct, frozen=True):
    """One row of the table below."""

    name: str
    #: Whether a person may be signed in here. The hooks of the extensions run for these doors alone.
    has_session: bool
    #: Whether a form must come from a page of ours and bring its CSRF token.
    checks_forms: bool
    database: Database
    headers: Headers
    origins: Origins
    errors: Errors
    longest_line: int


# fmt: off
#                       session  forms  database         headers        origins         errors        longest line
#: A person's browser.
PAGE = Door("page",     True,    True,  Database.ORM,    FOR_A_PAGE,    Origins.NONE,   Errors.PAGE,  _PAGE_LINE)
#: A person's browser, on its way through an authorization request.
STEP = Door("step",     True,    True,  Database.DRIVER, FOR_A_PAGE,    Origins.NONE,   Errors.PAGE,  _PAGE_LINE)
#: Our own files, which are the same for everybody.
FILE = Door("file",     False,   False, Database.DRIVER, FOR_A_FILE,    Origins.NONE,   Errors.PAGE,  _PAGE_LINE)
#: OAuth's endpoints, called by apps: those of servers, and those that run in a web page.
WIRE = Door("wire",     False,   False, Database.DRIVER, FOR_A_PROGRAM, Origins.CALLER, Errors.OAUTH, _LONG_LINE)
#: OAuth's endpoints that only servers call: whoever may has a secret, which no web page can keep.
BACK = Door("back",     False,   False, Database.DRIVER, FOR_A_PROGRAM, Origins.NONE,   Errors.OAUTH, _LONG_LINE)
#: What a client library finds out by itself, before anybody knows it.
META = Door("meta",     False,   False, Database.DRIVER, FOR_A_PROGRAM, Origins.ANY,    Errors.PLAIN, _LONG_LINE)
#: Where a client registers itself: whatever page it runs in, nobody knows it yet.
SELF = Door("self",     False,   False, Database.ORM,    FOR_A_PROGRAM, Origins.ANY,    Errors.OAUTH, _LONG_LINE)
#: The resource API, called by apps with an access token.
API = Door("api",       False,   False, Database.ORM,    FOR_A_PROGRAM, Origins.CALLER, Errors.API,   _LONG_LINE)
#: The memory server for agents, called by apps with an access token.
MCP = Door("mcp",       False,   False, Database.ORM,    FOR_A_PROGRAM, Origins.CALLER, Errors.PLAIN, _LONG_LINE)
#: Load balancers and supervisors.
PROBE = Door("probe",   False,   False, Database.DRIVER, FOR_A_PROGRAM, Origins.NONE,   Errors.PLAIN, _LONG_LINE)
# fmt: on

DOORS = (PAGE, STEP, FILE, WIRE, BACK, META, SELF, API, MCP, PROBE)
#: The methods that only read: whoever sends them has asked for no change.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

_ANY_OTHER = ""
_ACCESS: dict[Database, dict[str, Access]] = {
    #                      the ORM writes  drivers write  visits are noted
    Database.ORM: {
        "HEAD":     Access(False,          False,         False),
        "GET":      Access(False,          False,         True),
        "OPTIONS":  Access(False,          False,         True),
        _ANY_OTHER: EVERYTHING,
    },
    Database.DRIVER: {
        "HEAD":     Access(False,          False,         False),
        _ANY_OTHER: Access(False,          True,          True),
    },
}  # fmt: skip


def access_for(door: Door, method: str) -> Access:
    """Returns what a request may do with the database that comes in by this door with this method."""
    rows = _ACCESS[door.database]
    return rows.get(method) or rows[_ANY_OTHER]
