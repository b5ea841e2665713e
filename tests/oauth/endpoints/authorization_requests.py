"""Authorization requests, by what a live consent answers at once and what it does not: each changes the honest one."""

PATHS = (
    "/oauth/authorize", "/oauth/authorize/", "/authorize", "/authorize/",
    "/api/v1/auth/oauth2/authorize", "/api/v1/auth/oauth2/authorize/",
)  # fmt: skip
#: What an honest app may also send, and is answered at once.
COVERED = {
    "as usual": {},
    "less": {"scope": "memories:read"},
    "offline access": {"scope": "memories:read offline_access"},
    "no state": {"state": None},
    "no challenge": {"code_challenge": None, "code_challenge_method": None},
    "a state of any letters": {"state": "ä&=+ %/\r\n\U0001f600"},
    "the API by name": {"resource": "http://127.0.0.1:8000/api/v1"},
    "a parameter that nobody knows": {"nonce": "n"},
    "an empty prompt": {"prompt": ""},
}
#: What Flask answers: with a screen, a page, or an error for the app.
NOT_COVERED = {
    "no scope, which is all": {"scope": None},
    "more": {"scope": "memories:read memories:write"},
    "another resource": {"resource": "http://127.0.0.1:8000/mcp"},
    "a resource of nobody": {"resource": "https://elsewhere.example/"},
    "consent": {"prompt": "consent"},
    "login": {"prompt": "login"},
    "select_account": {"prompt": "select_account"},
    "both": {"prompt": "select_account consent"},
    "none": {"prompt": "none"},
    "no app": {"client_id": None},
    "another app": {"client_id": "unknown"},
    "an app by its document": {"client_id": "https://app.example/client.json"},
    "no address": {"redirect_uri": None},
    "another address": {"redirect_uri": "https://notebook.acme.example/callback/"},
    "the playground's": {"redirect_uri": "http://127.0.0.1:8000/org/oauth/x/playground/callback"},
    "two addresses": {"redirect_uri": ["https://notebook.acme.example/callback"] * 2},
    "token": {"response_type": "token"},
    "no response type": {"response_type": None},
    "plain": {"code_challenge_method": "plain"},
    "no method": {"code_challenge_method": None},
    "a short challenge": {"code_challenge": "c" * 42},
    "neither state nor challenge": {"state": None, "code_challenge": None, "code_challenge_method": None},
    "two states": {"state": ["a", "b"]},
    "a NUL": {"state": "a\0"},
    "an unknown scope": {"scope": "memories:everything"},
    "commas": {"scope": "memories:read,integrations:read"},
    "a request that was pushed": {"request_uri": "urn:ietf:params:oauth:request_uri:rlq_pa_unknown"},
    "a request that is kept elsewhere": {"request_uri": "https://notebook.acme.example/request.jwt"},
    "details that name one": {"authorization_details": '[{"type": "memento", "identifier": "mem_1"}]'},
}
