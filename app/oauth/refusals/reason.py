"""Why a request was refused: finer than OAuth's errors, and told to the client's own people alone.

The answer on the wire says as much as protects nobody: an ``invalid_client`` that told a wrong secret from a suspended
client, or an ``invalid_grant`` that told another client's code from none, would tell it to anybody.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A stable code. The families of this package have a row for each."""

    # -- who asks
    CLIENT_UNKNOWN = "client_unknown"
    CLIENT_SUSPENDED = "client_suspended"
    CLIENT_DRAFT = "client_draft"
    SECRET_MISSING = "client_secret_missing"
    SECRET_WRONG = "client_secret_wrong"
    SECRET_ENDED = "client_secret_ended"
    SECRET_UNEXPECTED = "client_secret_unexpected"
    CLIENT_ID_TWICE = "client_id_twice"
    SEVERAL_AUTHENTICATIONS = "several_authentications"
    SECRET_TWICE = "client_secret_twice"
    TOO_MANY_FAILURES = "too_many_failures"

    # -- what any endpoint may object to
    PARAMETER_DEFECTIVE = "parameter_defective"
    REDIRECT_URI_MISSING = "redirect_uri_missing"
    RESOURCE_UNKNOWN = "resource_unknown"
    RESOURCE_SEVERAL = "resource_several"
    RESOURCE_NOT_ASKED = "resource_not_asked"
    RESOURCE_GONE = "resource_gone"
    RESOURCE_TOO_MANY = "resource_too_many"

    # -- a client whose id is the address of a document
    DOCUMENT_ADDRESS = "document_address"
    DOCUMENT_DENIED = "document_denied"
    DOCUMENT_UNREAD = "document_unread"
    DOCUMENT_WITHDRAWN = "document_withdrawn"
    DOCUMENT_REFUSED = "document_refused"
    DOCUMENT_BUSY = "document_busy"
    DOCUMENT_TOO_MANY = "document_too_many"

    # -- the authorize endpoint
    REDIRECT_URI_MISMATCH = "redirect_uri_mismatch"
    REDIRECT_URI_REFUSED = "redirect_uri_refused"
    PLAYGROUND_CLOSED = "playground_closed"
    RESPONSE_TYPE_MISSING = "response_type_missing"
    RESPONSE_TYPE_UNSUPPORTED = "response_type_unsupported"
    RESPONSE_MODE_UNSUPPORTED = "response_mode_unsupported"
    STATE_MISSING = "state_missing"
    SCOPE_UNKNOWN = "scope_unknown"
    SCOPE_WITH_COMMA = "scope_with_comma"
    SCOPE_NOT_REGISTERED = "scope_not_registered"
    PROMPT_UNKNOWN = "prompt_unknown"
    DETAILS_REFUSED = "authorization_details_refused"
    PKCE_MISSING = "pkce_missing"
    PKCE_CHALLENGE_MISSING = "pkce_challenge_missing"
    PKCE_METHOD_REFUSED = "pkce_method_refused"
    PKCE_CHALLENGE_MALFORMED = "pkce_challenge_malformed"
    DENIED = "denied_by_the_person"

    # -- requests that are pushed, and their references
    PUSH_DEMANDED = "push_demanded"
    PUSHED_TOO_MANY = "pushed_too_many"
    REDIRECT_URI_UNUSABLE = "redirect_uri_unusable"
    REQUEST_OBJECT = "request_object"
    REQUEST_URI_PUSHED = "request_uri_pushed"
    REQUEST_URI_ELSEWHERE = "request_uri_elsewhere"
    REQUEST_URI_UNKNOWN = "request_uri_unknown"
    REQUEST_URI_EXPIRED = "request_uri_expired"
    REQUEST_URI_OPENED = "request_uri_opened"
    REQUEST_URI_OF_ANOTHER_CLIENT = "request_uri_of_another_client"

    # -- the token endpoint
    NOT_A_FORM = "not_a_form"
    GRANT_TYPE_MISSING = "grant_type_missing"
    GRANT_TYPE_UNSUPPORTED = "grant_type_unsupported"
    GRANT_NOT_ALLOWED = "grant_not_allowed"
    CODE_MISSING = "code_missing"
    CODE_UNKNOWN = "code_unknown"
    CODE_OF_ANOTHER_CLIENT = "code_of_another_client"
    CODE_EXPIRED = "code_expired"
    CODE_MISTAKEN = "code_mistaken"
    CODE_USED = "code_used"
    CODE_PAUSED = "code_paused"
    CODE_ACCOUNT_DISABLED = "code_account_disabled"
    CODE_ENDED = "code_ended"
    REDIRECT_URI_CHANGED = "redirect_uri_changed"
    REDIRECT_URI_REMOVED = "redirect_uri_removed"
    VERIFIER_MISSING = "pkce_verifier_missing"
    VERIFIER_MALFORMED = "pkce_verifier_malformed"
    VERIFIER_WRONG = "pkce_verifier_wrong"
    VERIFIER_UNEXPECTED = "pkce_verifier_unexpected"
    SCOPE_NOTHING_LEFT = "scope_nothing_left"
    REFRESH_MISSING = "refresh_missing"
    REFRESH_UNKNOWN = "refresh_unknown"
    REFRESH_OF_ANOTHER_CLIENT = "refresh_of_another_client"
    REFRESH_MISTAKEN = "refresh_mistaken"
    REFRESH_EXPIRED = "refresh_expired"
    REFRESH_REUSED = "refresh_reused"
    REFRESH_PAUSED = "refresh_paused"
    REFRESH_ACCOUNT_DISABLED = "refresh_account_disabled"
    REFRESH_ENDED = "refresh_ended"
    SCOPE_TOO_WIDE = "scope_too_wide"

    # -- a device, whose person enters a code
    DEVICE_NOT_ALLOWED = "device_not_allowed"
    DEVICE_TOO_MANY = "device_too_many"
    DEVICE_CODE_MISSING = "device_code_missing"
    DEVICE_CODE_UNKNOWN = "device_code_unknown"
    DEVICE_CODE_OF_ANOTHER_CLIENT = "device_code_of_another_client"
    DEVICE_CODE_MISTAKEN = "device_code_mistaken"
    DEVICE_CODE_USED = "device_code_used"
    DEVICE_PENDING = "device_pending"
    DEVICE_SLOW_DOWN = "device_slow_down"
    DEVICE_DENIED = "device_denied"
    DEVICE_EXPIRED = "device_expired"

    # -- introspection and revocation
    TOKEN_MISSING = "token_missing"
    INTROSPECTION_NOT_ALLOWED = "introspection_not_allowed"
    TOO_MANY_UNKNOWN_TOKENS = "too_many_unknown_tokens"

    # -- an access token at a protected resource
    TOO_MANY_CALLS = "too_many_calls"
    BEARER_MISSING = "bearer_missing"
    BEARER_EMPTY = "bearer_empty"
    BEARER_MISTAKEN = "bearer_mistaken"
    BEARER_UNKNOWN = "bearer_unknown"
    BEARER_ELSEWHERE = "bearer_elsewhere"
    BEARER_EXPIRED = "bearer_expired"
    BEARER_PAUSED = "bearer_paused"
    BEARER_ACCOUNT_DISABLED = "bearer_account_disabled"
    BEARER_SUSPENDED = "bearer_suspended"
    BEARER_SUSPENDED_HERE = "bearer_suspended_here"
    BEARER_PAST_ITS_END = "bearer_past_its_end"
    BEARER_REVOKED = "bearer_revoked"
    SCOPE_LACKING = "scope_lacking"

    #: Nothing is refused for it. It tells of a record whose reason this version does not know.
    OTHER = "other"
