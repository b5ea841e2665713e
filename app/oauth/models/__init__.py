"""The protocol's records. Each file holds one: its table, its rules for Authlib, and its hot-path statements."""
