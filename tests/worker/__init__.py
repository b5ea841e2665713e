"""The server's worker: what it waits for, and how it ends."""
