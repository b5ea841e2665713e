"""``/account/mementos/``: what a person has named, and what is in it."""
