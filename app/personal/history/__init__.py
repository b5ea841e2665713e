"""``/account/history/``: what a person allowed apps, and what became of it."""
