"""``/account/memories/``: what a person keeps, whatever its source; reading, writing, changing and deleting it."""
