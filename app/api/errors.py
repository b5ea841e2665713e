"""What can be wrong with a call, as an exception that the operation turns into the API's one shape of errors."""

from typing import Any


class ApiError(Exception):
    """A refusal: an HTTP status, a stable code for programs, and a sentence that says what to do."""

    def __init__(self, status: int, code: str, message: str, errors: list[dict[str, Any]] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors


def not_found() -> ApiError:
    """For what does not exist and for what lies out of reach, which nobody can tell apart."""
    return ApiError(404, "not_found", "There is nothing here that this token can reach.")


def not_writable(message: str) -> ApiError:
    """For what the token reaches but may not change."""
    return ApiError(403, "not_writable", message)


def invalid_request(message: str) -> ApiError:
    """For a call that is malformed."""
    return ApiError(400, "invalid_request", message)


def invalid_cursor() -> ApiError:
    """For a cursor that no page has given."""
    return ApiError(400, "invalid_cursor", "That cursor is not one of ours; start again without one.")


def invalid_fields(errors: list[dict[str, Any]]) -> ApiError:
    """For fields that are missing, unknown, or hold what they cannot hold; each error names its field."""
    return ApiError(422, "validation_failed", "Some fields cannot be taken; see 'errors' for each of them.", errors)
