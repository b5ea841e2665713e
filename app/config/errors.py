"""What is said of a setting that cannot be used."""


class ConfigurationError(Exception):
    """A setting that cannot be used; the message is one sentence that names the variable and says what to do."""
