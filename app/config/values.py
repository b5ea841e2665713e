"""One value of the environment, read and refused in the same words everywhere."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from app.config.errors import ConfigurationError

#: Of a variable that names a file in which the setting stands, as secrets do that are mounted into a container.
FILE = "_FILE"
_LONGEST_SHOWN = 40
_LONGEST_FILE = 100_000


class Environment(Struct, frozen=True):
    """What settings are read from: the variables, and the folder where local defaults are kept."""

    variables: Mapping[str, str]
    instance_path: Path

    def text(self, name: str) -> str:
        """Returns the variable as it stands, or what is in the file that ``NAME_FILE`` names; empty when neither is there.

        Raises :class:`ConfigurationError` for both, and for a file that cannot be read.
        """
        text, path = self.variables.get(name, ""), self.variables.get(name + FILE, "")
        if text and path:
            raise ConfigurationError(f"{name} and {name}{FILE} are both set; leave out one of them.")
        return _read_file(name + FILE, path) if path else text

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


def _read_file(name: str, path: str) -> str:
    """What a file holds, without the line break at its end."""
    # Of what is no path from the root nothing is told: it may be the secret itself, given here by mistake.
    shown = f" ({show(path)})" if path.startswith("/") else ""
    try:
        # Anything else at that path could be waited for, or be gone when it is read again.
        if not Path(path).is_file():
            raise ConfigurationError(f"{name} names no file{shown}; give the path of one that this user may read.")
        with open(path, "rb") as file:
            text = file.read(_LONGEST_FILE + 1).decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(
            f"{name} names a file{shown} that cannot be read ({error.strerror}); let this user read it."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name} names a file{shown} that is not UTF-8 text.") from None
    if not text or len(text) > _LONGEST_FILE:
        problem = "is too long" if text else "is empty"
        raise ConfigurationError(
            f"{name} names a file{shown} that {problem}; write the value into it, and nothing else."
        )
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
