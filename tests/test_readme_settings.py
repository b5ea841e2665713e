"""The README's table of settings: it names each, with its true default, and each has an effect."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.config import Settings, find_setting_names, read_settings
from tests.parsed import nodes_of_file
from tests.tables import each
from tests.test_config import BAD

_ROOT = Path(__file__).resolve().parent.parent
_TABLE = (_ROOT / "README.md").read_text().split("## Settings")[1].split("\n## ")[0]

#: setting -> (a good value that is not the default, the field that it sets, what is read of it)
GOOD = {
    "DATABASE_URL": ("postgresql://u:p@host/db", "database_url", "postgresql+psycopg://u:p@host/db"),
    "DATABASE_SYNCHRONOUS": ("full", "database_synchronous", "full"),
    "SECRET_KEY": ("0123456789abcdef" * 2, "secret_key", "0123456789abcdef" * 2),
    "SECRET_KEY_FALLBACKS": (f"{'a' * 32}, {'b' * 32}", "secret_key_fallbacks", ("a" * 32, "b" * 32)),
    "ISSUER": ("http://localhost:9000", "issuer", "http://localhost:9000"),
    "PORT": ("9000", "port", 9000),
    "MANAGEMENT_PORT": ("0.0.0.0:9090", "management", ("0.0.0.0", 9090)),
    "CLIENT_REGISTRATION": ("off", "client_registration", "off"),
    "CLIENT_REGISTRATION_TOKEN": ("0123456789abcdef", "client_registration_token", "0123456789abcdef"),
    "THIRD_PARTY_SCOPES": ("memories:read", "third_party_scopes", ("memories:read",)),
    "CLIENT_DOCUMENT_HOSTS": ("claude.ai, *.Example.com", "client_document_hosts", ("claude.ai", "*.example.com")),
    "CLIENT_DOCUMENT_HOSTS_DENIED": ("*", "client_document_hosts_denied", ("*",)),
    "PRIVATE_SCHEMES": ("zed, cursor", "private_schemes", ("zed", "cursor")),
    "SITE_NAME": ("Shelf", "site_name", "Shelf"),
    "TRUSTED_PROXIES": ("2", "trusted_proxies", 2),
    "WEB_CONCURRENCY": ("5", "workers", 5),
    "LOG_FORMAT": ("json", "log_format", "json"),
    "SECURITY_CONTACT": (
        "security@example.com, https://example.com/report",
        "security_contacts",
        ("mailto:security@example.com", "https://example.com/report"),
    ),
    "SECURITY_POLICY": ("https://example.com/policy", "security_policy", "https://example.com/policy"),
    "PURGE_INTERVAL": ("0", "purge_interval", 0),
    "REDIS_URL": ("rediss://:p@host:6380/2", "redis_url", "rediss://:p@host:6380/2"),
    "SMTP_URL": ("smtps://u:p@mail.example.com", "smtp_url", "smtps://u:p@mail.example.com"),
    "MAIL_FROM": ("Shelf <post@example.com>", "mail_from", ("Shelf", "post@example.com")),
    "API_CALLS_PER_MINUTE": ("60", "api_calls_per_minute", 60),
    "ACCOUNT_MEMORIES": ("0", "account_memories", 0),
    "ACCOUNT_MEGABYTES": ("5", "account_megabytes", 5),
    "AUTHORIZATION_REQUEST_LIFETIME": ("300", "authorization_request_lifetime", 300),
    "AUTHORIZATION_REQUEST_MAX_LIFETIME": ("1800", "authorization_request_max_lifetime", 1800),
    "AUTHORIZATION_CODE_LIFETIME": ("30", "authorization_code_lifetime", 30),
    "ACCESS_TOKEN_LIFETIME": ("600", "access_token_lifetime", 600),
    "REFRESH_TOKEN_LIFETIME": ("86400", "refresh_token_lifetime", 86400),
    "REFRESH_TOKEN_GRACE": ("5", "refresh_token_grace", 5),
    "SESSION_LIFETIME": ("3600", "session_lifetime", 3600),
    "SESSION_IDLE_LIFETIME": ("600", "session_idle_lifetime", 600),
}
#: Defaults that are told in words.
_IN_WORDS = {
    "PRIVATE_SCHEMES": ("`cursor, vscode, vscode-insiders`", r"\('cursor', 'vscode', 'vscode-insiders'\)"),
    "MANAGEMENT_PORT": ("none", "None"),
    "CLIENT_REGISTRATION_TOKEN": ("none", ""),
    "CLIENT_DOCUMENT_HOSTS": ("all", r"\(\)"),
    "CLIENT_DOCUMENT_HOSTS_DENIED": ("none", r"\(\)"),
    "THIRD_PARTY_SCOPES": ("all of them", r"\('memories:read', .*\)"),
    "DATABASE_URL": (r"an SQLite file in `instance/`", r"sqlite:///.*/instance/reliquary\.sqlite3"),
    "SECRET_KEY": (r"made on the first run, kept in `instance/`", r"[0-9a-f]{64}"),
    "SECRET_KEY_FALLBACKS": (r"none", r"\(\)"),
    "SECURITY_CONTACT": (r"none", r"\(\)"),
    "SECURITY_POLICY": (r"none", r""),
    "REDIS_URL": ("none", "None"),
    "SMTP_URL": ("none", "None"),
    "MAIL_FROM": ("`no-reply@` and the host of `ISSUER`", r"\('', ''\)"),
    "ISSUER": (r"`http://127\.0\.0\.1:\$PORT`", r"http://127\.0\.0\.1:8000"),
}


def _told() -> Iterator[tuple[str, str]]:
    """Each setting of the table, and what its row says that the default is."""
    for row in re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", _TABLE, re.MULTILINE):
        names = re.findall(r"`([A-Z_]+)`", row[0])
        defaults = row[1].split(", ") if len(names) > 1 else [row[1]]
        yield from zip(names, defaults, strict=True)


def test_the_table_names_every_setting_that_is_read_and_no_other():
    told = [name for name, _ in _told()]
    assert sorted(told) == sorted(find_setting_names())


@each(("name", "default"), list(_told()))
def test_the_default_is_what_the_table_says(name, default, tmp_path):
    value = getattr(read_settings({}, tmp_path / "instance"), GOOD[name][1])
    if name in _IN_WORDS:
        words, pattern = _IN_WORDS[name]
        assert re.fullmatch(words, default) and re.fullmatch(pattern, str(value))
    else:
        assert str(value) == re.match(r"`?(\w+)", default)[1]


@each("name", [name for name, _ in _told()])
def test_a_good_value_is_taken_and_a_bad_one_refused(name, tmp_path):
    """The bad ones, and what is said of each, stand in tests/test_config.py."""
    value, field, expected = GOOD[name]
    assert getattr(read_settings({}, tmp_path / "instance"), field) != expected
    assert getattr(read_settings({name: value}, tmp_path / "instance"), field) == expected
    assert name in {bad for bad, _, _ in BAD}


def test_every_setting_has_an_effect():
    """Somebody outside app/config/ reads it."""
    read = {
        node.attr
        for path in (_ROOT / "app").rglob("*.py")
        if "config" not in path.relative_to(_ROOT).parts[:2]
        for node in nodes_of_file(path)
        if isinstance(node, ast.Attribute)
    }
    assert set(Settings.__struct_fields__) <= read


def test_nothing_else_reads_the_environment():
    """Beside :func:`read_settings`, which is given it twice: for the app and for gunicorn.

    Where workers count, prometheus_client reads there; we write it. gunicorn reads SCRIPT_NAME there, and where it is
    set our worker leaves every request to gunicorn. The doctor looks at names alone, for what is spelled in another way.
    """
    readers = {
        str(path.relative_to(_ROOT))
        for path in (_ROOT / "app").rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    }
    served = {"app/__init__.py", "app/serving.py", "app/metrics/sharing.py", "app/worker/plain.py"}
    assert readers == served | {"app/cli/doctor/site.py"}
