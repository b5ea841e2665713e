"""``/account/settings/``: a person's name, address, password and time zone, and what else they set for themselves."""
