"""Every metric there is, one row each: its name (after ``reliquary_``), what it tells, and its labels.

A label's values are those listed, or so many that our own code chooses; see :mod:`app.metrics`.
"""

from app.metrics.kinds import Counter, Gauge, Histogram

# A millisecond is what an endpoint of the hot path takes; from 3 seconds on somebody has waited too long.
_REQUEST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0)
_WAIT = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_ENDPOINTS = ("authorize", "pushed", "device", "token", "introspection", "revocation", "api", "mcp")

# -- requests ------------------------------------------------------------------------------------

#: By the rule of the route and the class of the status, such as ``4xx``.
REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from a whole request to its answer.",
    buckets=_REQUEST,
    route=300,
    status=("2xx", "3xx", "4xx", "5xx"),
)

# -- the protocol --------------------------------------------------------------------------------

REQUESTS_PUSHED = Counter("requests_pushed_total", "Authorization requests that were pushed, and kept.")
DEVICES_ASKED = Counter("devices_asked_total", "Devices that asked for a code, and got one.")
CODES_ISSUED = Counter(
    "codes_issued_total", "Authorization codes issued, and codes of devices that a person has allowed."
)
TOKENS_ISSUED = Counter(
    "tokens_issued_total",
    "Tokens issued, by the grant type.",
    kind=("access_token", "refresh_token"),
    grant_type=(
        *("authorization_code", "refresh_token", "client_credentials"),
        "urn:ietf:params:oauth:grant-type:device_code",
    ),
)
REFUSED = Counter(
    "refused_total", "Requests refused, by the reasons of the table of refusals.", endpoint=_ENDPOINTS, reason=200
)
REPLAYED = Counter(
    "replays_total",
    "Codes and refresh tokens that came a second time, and ended every token of their sign-in.",
    presented=("code", "refresh_token"),
)
CONSENT_EVENTS = Counter(
    "consent_events_total",
    "Consents given, widened, narrowed, paused, resumed and ended, and apps that changed themselves.",
    kind=("given", "widened", "narrowed", "paused", "resumed", "ended", "changed"),
    actor=("person", "app", "admin", "operator"),
)

# -- agents --------------------------------------------------------------------------------------

REGISTRATIONS = Counter(
    "registrations_total",
    "Clients that registered themselves, changed that or ended it, and what was refused.",
    result=(
        *("made", "changed", "ended", "closed", "unauthorized", "malformed", "invalid_client_metadata"),
        *("invalid_redirect_uri", "too_many_of_network", "too_many_unused", "too_many_changes"),
    ),
)
#: A tool that does not exist is ``unknown``.
TOOL_CALLS = Counter("tool_calls_total", "Calls of tools at /mcp that were carried out.", tool=20)
TOOL_CALLS_REFUSED = Counter("tool_calls_refused_total", "Calls of tools that were not, by why.", tool=20, reason=40)

# -- limits --------------------------------------------------------------------------------------

LIMITS_HIT = Counter("limits_hit_total", "Requests refused because there were too many, by the limit.", limit=80)

# -- what is fetched from other servers -----------------------------------------------------------

FETCHES = Counter(
    "fetches_total",
    "Documents, logos and proofs fetched from other servers, by what came of it.",
    kind=("document", "logo", "proof"),
    outcome=(
        *("fetched", "busy", "bad_address", "own_host", "host_not_allowed", "unknown_host", "lookup_failed"),
        *("not_public", "unreachable", "bad_certificate", "timeout", "redirect", "gone", "bad_status", "server_error"),
        *("bad_answer", "encoded", "wrong_type", "too_large", "bad_json"),
    ),
)

# -- the database --------------------------------------------------------------------------------

DATABASE_ERRORS = Counter("database_errors_total", "Statements that failed, by kind.", kind=30)
DATABASE_REPEATS = Counter(
    "database_repeats_total", "Transactions repeated because the database asked for it, by why.", kind=10
)
DATABASE_WAIT = Histogram(
    "database_wait_seconds",
    "Waits for a connection or a statement, and the locks in its way, of more than 20 ms.",
    buckets=_WAIT,
    waited_for=("connection", "statement"),
)
#: 1 while it answers, as one of the workers has seen last, half a minute ago at most.
DATABASE_UP = Gauge("database_up", "Whether the database answers.", "mostrecent")
SCHEMA_REVISION = Gauge("schema_revision", "The last migration that the database has.", "mostrecent")
SCHEMA_EXPECTED = Gauge("schema_revision_expected", "The last migration that this version has.", "mostrecent")
#: ``in_use`` and ``idle`` are together those open; ``overflow`` counts those beyond the pool's size.
POOL_CONNECTIONS = Gauge(
    "database_pool_connections", "Connections to the database.", state=("in_use", "idle", "overflow")
)
BREAKER_OPEN = Gauge(
    "database_breaker_open", "Workers that refuse at once, because the database did not answer just now."
)

# -- what is written and removed later -----------------------------------------------------------

NOTES_WAITING = Gauge("notes_waiting", "Notes that wait to be written down.", kind=20)
NOTES_LOST = Counter("notes_lost_total", "Notes given up because too many waited.", kind=20)
PURGED = Counter("purged_rows_total", "Expired rows removed.", table=60)
PURGE_BACKLOG = Gauge(
    "purge_backlog_rows", "Expired rows that wait to be removed; 10000 is that or more.", "mostrecent", table=60
)
PURGE_LOOKED = Gauge("purge_looked_timestamp_seconds", "When it was looked for them last.", "mostrecent")
PURGE_OVERDUE = Gauge("purge_overdue_seconds", "For how long the oldest of them has waited.", "mostrecent")

# -- letters -------------------------------------------------------------------------------------

LETTERS = Counter(
    "letters_total",
    "Letters by what became of them; one that is put off is counted each time.",
    outcome=("sent", "needless", "put_off", "failed", "uncertain"),
)
LETTERS_WAITING = Gauge("letters_waiting", "Letters that wait to be sent.", "mostrecent")
LETTERS_STUCK = Gauge("letters_stuck_seconds", "For how long letters have waited without any going out.", "mostrecent")
LETTERS_UNSENT = Gauge(
    "letters_unsent", "Letters that did not go out, or may not have.", "mostrecent", state=("failed", "uncertain")
)

# -- this server ---------------------------------------------------------------------------------

WORKERS = Gauge("workers", "Worker processes that are up.")
BUILD = Gauge("build_info", "1, with the version.", "livemax", version=5, python=5)
