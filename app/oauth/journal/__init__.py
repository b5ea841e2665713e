"""The requests of each app: what was asked, what was refused and why, and the fix."""
