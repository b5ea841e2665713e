"""``/account/apps/``: what a person has allowed, what was done with it, and how to change or end it."""
