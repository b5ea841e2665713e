"""What can be wrong with a call, in the API's one shape of errors: what HTTP finds, and what an operation refuses."""

from typing import Annotated, NotRequired, TypedDict

from flask import Response

from app.http.wire import error_answer
from app.operations.refusals import FieldError, Kind, Refused
from app.operations.results import Count
from app.operations.schemas import Says

_STATUSES = {Kind.MALFORMED: 400, Kind.FORBIDDEN: 403, Kind.NOT_FOUND: 404, Kind.INVALID: 422}


class ShownFieldError(TypedDict):
    """What is wrong with one field."""

    index: NotRequired[Annotated[Count, Says(description="Which of several objects.")]]
    field: str
    code: str
    message: str


class ShownError(TypedDict):
    """The body of every error."""

    code: Annotated[str, Says(description="For programs; it does not change.")]
    message: Annotated[str, Says(description="For people: what happened and what to do.")]
    request_id: Annotated[str, Says(description="As in the X-Request-ID header and in the server's log.")]
    scope: NotRequired[
        Annotated[
            str,
            Says(
                description="The scopes to ask for: those that the token has and those that it lacks, separated by spaces."
            ),
        ]
    ]
    errors: NotRequired[list[ShownFieldError]]


class ApiError(Exception):
    """What HTTP itself finds wrong with a call, before an operation sees it: a status, a code and a sentence."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid_request(message: str) -> ApiError:
    """Returns the error of a call that is malformed."""
    return ApiError(400, "invalid_request", message)


def answer_error(error: ApiError | Refused) -> Response:
    """Returns the answer that says what is wrong."""
    if isinstance(error, ApiError):
        return error_answer(error.status, error.code, error.message)
    errors: list[FieldError] = error.errors
    return error_answer(_STATUSES[error.kind], error.code, error.message, errors=[dict(one) for one in errors])
