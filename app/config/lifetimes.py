"""How long things last, in seconds."""

from typing import Any

from app.config.chosen import DAY, Settings
from app.config.errors import ConfigurationError
from app.config.values import Environment

#: Environment variable: (field, least, most), in seconds.
LIFETIMES = {
    "AUTHORIZATION_REQUEST_LIFETIME": ("authorization_request_lifetime", 30, 3600),
    "AUTHORIZATION_REQUEST_MAX_LIFETIME": ("authorization_request_max_lifetime", 30, DAY),
    "AUTHORIZATION_CODE_LIFETIME": ("authorization_code_lifetime", 1, 600),
    "ACCESS_TOKEN_LIFETIME": ("access_token_lifetime", 1, DAY),
    "REFRESH_TOKEN_LIFETIME": ("refresh_token_lifetime", 1, 365 * DAY),
    "REFRESH_TOKEN_GRACE": ("refresh_token_grace", 0, 300),
    "SESSION_LIFETIME": ("session_lifetime", 60, 365 * DAY),
    "SESSION_IDLE_LIFETIME": ("session_idle_lifetime", 60, 365 * DAY),
}


def read_lifetimes(environment: Environment) -> dict[str, Any]:
    return {
        field: environment.integer(name, 0, least, most)
        for name, (field, least, most) in LIFETIMES.items()
        if environment.text(name)
    }


def check_lifetimes(chosen: Settings) -> None:
    """Raises :class:`ConfigurationError` for lifetimes that cannot both hold."""
    if chosen.authorization_request_max_lifetime < chosen.authorization_request_lifetime:
        raise ConfigurationError(
            "AUTHORIZATION_REQUEST_MAX_LIFETIME is shorter than AUTHORIZATION_REQUEST_LIFETIME;"
            " make it as long or longer."
        )
