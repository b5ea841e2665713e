"""Where the server is reached, by whom, and what it calls itself."""

from typing import Any

from app.config.errors import ConfigurationError
from app.config.values import Environment, told_by
from app.issuer import default_issuer, loopback_port, read_issuer
from app.text import find_line_problem


def read_site(environment: Environment) -> dict[str, Any]:
    issuer = told_by(read_issuer, text) if (text := environment.text("ISSUER")) else None
    # Whoever names an address of this machine means that we listen there, unless told otherwise.
    port = environment.integer("PORT", (issuer and loopback_port(issuer)) or 8000, 1, 65535)
    return {
        "issuer": issuer or default_issuer(port),
        "port": port,
        "site_name": _site_name(environment),
        "trusted_proxies": environment.integer("TRUSTED_PROXIES", 0, 0, 10),
        "workers": environment.integer("WEB_CONCURRENCY", 2, 1, 64),
        "log_format": environment.choice("LOG_FORMAT", "text", ("text", "json")),
    }


def _site_name(environment: Environment) -> str:
    name = environment.text("SITE_NAME").strip() or "Reliquary"
    if len(name) > 60 or find_line_problem(name):
        raise ConfigurationError("SITE_NAME must be at most 60 printable characters.")
    return name
