"""Bringing memories, and taking everything out."""
