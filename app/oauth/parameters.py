"""Reading form-encoded parameters strictly (:rfc:`6749#appendix-B`), from a query string or a body."""

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from msgspec import Struct, field

#: Stands beside the parameters of a kept request that came by a path on which ``state`` may never be left out.
STATE_DEMANDED = "state_demanded"
#: Stands beside the parameters of a kept request that its client sent beforehand.
PUSHED = "pushed"
_STATE_PATHS = ("/api/v1/auth/oauth2/",)

_MAX_VALUE_LENGTH = 4096
_MAX_PARAMETERS = 100

#: What may be sent several times (RFC 8707 section 2). The values are kept with a space between, which none of them has.
_REPEATABLE = frozenset(["resource"])

# Names we may repeat in an error_description. Anything else came from outside and is never echoed.
_KNOWN_NAMES = frozenset(
    [
        "authorization_details",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "device_code",
        "grant_type",
        "prompt",
        "redirect_uri",
        "refresh_token",
        "request",
        "request_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "state",
        "token",
        "token_type_hint",
    ]
)
# As nearly every client sends them.
_KNOWN_BYTES = {name.encode(): name for name in _KNOWN_NAMES}


class Parameters(Struct):
    """What was sent. A value that is empty counts as not sent (:rfc:`6749#section-3.1`).

    ``defects`` says, by name, what is wrong with a parameter: one ASCII sentence that
    repeats nothing of the value. A defective parameter has no value.
    """

    values: dict[str, str]
    defects: dict[str, str] = field(default_factory=dict)

    def find_defect(self, *names: str) -> str | None:
        """Returns the sentence about the first defect, of the named parameters or, without names, of any."""
        for name in names or self.defects:
            if name in self.defects:
                return self.defects[name]
        return None


def parse_parameters(text: bytes) -> Parameters:
    """Returns the parameters of ``a=1&b=2``. Never raises; whatever is wrong is in ``defects``."""
    values: dict[str, str] = {}
    defects: dict[str, str] = {}
    pairs = text.split(b"&") if text else []
    if len(pairs) > _MAX_PARAMETERS:
        return Parameters({}, {"": f"There are more than {_MAX_PARAMETERS} parameters."})
    seen = set()
    for pair in pairs:
        raw_name, _, raw_value = pair.partition(b"=")
        name = _KNOWN_BYTES.get(raw_name) or _decode(raw_name)
        if name is None:
            defects[""] = "A parameter name is not UTF-8."
            continue
        if not name:
            continue
        if name in seen and name not in _REPEATABLE:
            defects[name] = f"{_subject(name)} appears more than once."
            continue
        seen.add(name)
        value = _decode(raw_value)
        if name == "authorization_details" and value is not None:
            # It is JSON, before which a byte order mark may be looked past (RFC 8259 section 8.1).
            value = value.removeprefix("\ufeff")
        problem = _find_problem(name, value)
        if problem:
            defects[name] = f"{_subject(name)} {problem}"
        elif value:
            values[name] = f"{values[name]} {value}" if name in values else value
    for name in defects:
        values.pop(name, None)
    return Parameters(values, defects)


def demands_state(path: str) -> bool:
    """Returns whether ``state`` may never be left out by a request to this path: Rememberizer's, which says so."""
    return path.startswith(_STATE_PATHS)


def _decode(raw: bytes) -> str | None:
    if b"%" in raw or b"+" in raw:
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _find_problem(name: str, value: str | None) -> str | None:
    if value is None:
        return "is not UTF-8."
    # Which no value is that has one of the faults below but its length.
    if len(value) <= _MAX_VALUE_LENGTH and value.isprintable():
        return None
    if len(value) > _MAX_VALUE_LENGTH:
        return f"is longer than {_MAX_VALUE_LENGTH} characters."
    if "\x00" in value:
        return "contains a NUL character."
    # state is the client's own and comes back as it was; it is percent-encoded on the way.
    if name != "state" and not value.isprintable():
        return "contains a control character."
    return None


def _subject(name: str) -> str:
    return f"The parameter '{name}'" if name in _KNOWN_NAMES else "A parameter"


def missing(parameters: Parameters, names: Iterable[str]) -> str | None:
    """Returns the first of ``names`` that was not sent, or None."""
    return next((name for name in names if name not in parameters.values), None)
