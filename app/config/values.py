"""One value of the environment, read and refused in the same words everywhere."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from app.config.errors import ConfigurationError

_LONGEST_SHOWN = 40


class Environment(Struct, frozen=True):
    """What settings are read from: the variables, and the folder where local defaults are kept."""

    variables: Mapping[str, str]
    instance_path: Path

    def text(self, name: str) -> str:
        """Returns the variable as it stands; empty when it is not there."""
        return self.variables.get(name, "")

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """Returns a whole number in decimal digits. Raises :class:`ConfigurationError`."""
        text = self.text(name)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ConfigurationError(f"{name} is {show(text)}; give a whole number from {least} to {most}.")
        return int(text)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Returns one of a few words. Raises :class:`ConfigurationError`."""
        text = self.text(name) or default
        if text not in choices:
            raise ConfigurationError(f"{name} is {show(text)}; give {' or '.join(choices)}.")
        return text


def show(text: str) -> str:
    """Returns a value that holds no secret, quoted for a sentence, and not too long for one."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


def told_by(read: Callable[[str], str], text: str) -> str:
    """Returns what ``read`` makes of the text. Raises its ``ValueError`` as a :class:`ConfigurationError`."""
    try:
        return read(text)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
