"""Codes and tokens: their tables, and their statements of the hot path."""
