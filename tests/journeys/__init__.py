"""The promises to the three people, each walked from end to end against a running server."""
