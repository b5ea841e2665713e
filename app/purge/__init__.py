"""Removing what has expired, by the server itself or by ``flask purge``."""
