"""The OAuth 2.0 protocol."""
