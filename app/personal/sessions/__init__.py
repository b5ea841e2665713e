"""``/account/sessions/``: where a person is signed in, and how to end it."""
