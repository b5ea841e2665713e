"""The passkeys among the settings: make one, name it, remove it."""
