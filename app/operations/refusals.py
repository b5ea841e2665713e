"""Why an operation is not carried out. Each face says it in its own way: HTTP with a status."""

from collections.abc import Iterable
from enum import Enum
from typing import NotRequired, TypedDict


class Kind(Enum):
    """What kind of refusal it is."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"


class FieldError(TypedDict):
    """What is wrong with one field; ``index`` says of which object where there are several."""

    index: NotRequired[int]
    field: str
    code: str
    message: str


class Refused(Exception):
    """A refusal: its kind, a stable code for programs, and a sentence that says what to do."""

    def __init__(self, kind: Kind, code: str, message: str, errors: Iterable[FieldError] = ()):
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.errors = list(errors)


def not_found() -> Refused:
    """Returns the refusal of what does not exist and of what lies out of reach, which nobody can tell apart."""
    return Refused(Kind.NOT_FOUND, "not_found", "There is nothing here that this token can reach.")


def not_writable(message: str) -> Refused:
    """Returns the refusal of what the caller reaches but may not change."""
    return Refused(Kind.FORBIDDEN, "not_writable", message)


def not_a_person() -> Refused:
    """Returns the refusal of an organization's own token, where only a person has anything."""
    message = "This token speaks for an organization, and only people have mementos."
    return Refused(Kind.FORBIDDEN, "not_a_person", message)


def invalid_cursor() -> Refused:
    """Returns the refusal of a cursor that no page has given."""
    message = "That cursor is not one of ours; start again without one."
    return Refused(Kind.MALFORMED, "invalid_cursor", message)


def idempotency_conflict() -> Refused:
    """Returns the refusal of a key that was used for another request."""
    message = "This Idempotency-Key was used for another request; give each request its own."
    return Refused(Kind.INVALID, "idempotency_conflict", message)


def account_full(message: str) -> Refused:
    """Returns the refusal of what would be more than an account keeps."""
    return Refused(Kind.INVALID, "account_full", message)


def invalid_fields(errors: Iterable[FieldError]) -> Refused:
    """Returns the refusal of fields that are missing, unknown, or hold what they cannot hold; each error names its field."""
    message = "Some fields cannot be taken; see 'errors' for each of them."
    return Refused(Kind.INVALID, "validation_failed", message, errors)


def invalid_field(field: str, code: str, message: str) -> Refused:
    """Returns the same for one field."""
    return invalid_fields([{"field": field, "code": code, "message": message}])
