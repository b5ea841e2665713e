"""Settings: the local defaults, and one clear sentence for each that cannot be used."""

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.config import ConfigurationError, read_settings
from tests.forked.popen import run_forked
from tests.server import environ_of_machine
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent

GOOD = {"DATABASE_URL": "sqlite:////tmp/reliquary.sqlite3", "SECRET_KEY": "0123456789abcdef" * 2}

#: (variable, value, what the sentence must say)
BAD = [
    ("PORT", "web", "PORT is 'web'; give a whole number from 1 to 65535."),
    ("PORT", "0", "PORT is '0'"),
    ("PORT", "65536", "PORT is '65536'"),
    ("PORT", "٨٠٠٠", "PORT is"),
    ("PORT", "8000\n", "PORT is"),
    ("CLIENT_REGISTRATION", "yes", "CLIENT_REGISTRATION is 'yes'; give open or token or off."),
    ("CLIENT_REGISTRATION_TOKEN", "short", "CLIENT_REGISTRATION_TOKEN is too short; give at least 16 random letters"),
    ("CLIENT_REGISTRATION_TOKEN", "a b" * 10, "CLIENT_REGISTRATION_TOKEN is"),
    ("THIRD_PARTY_SCOPES", "memories:read all", "THIRD_PARTY_SCOPES names what is no scope; the scopes are memories"),
    ("THIRD_PARTY_SCOPES", "memories:read,memories:write", "THIRD_PARTY_SCOPES names what is no scope"),
    ("PRIVATE_SCHEMES", "cursor, Zed", "PRIVATE_SCHEMES has 'Zed'; give schemes in small letters, without a colon"),
    ("PRIVATE_SCHEMES", "cursor:", "PRIVATE_SCHEMES has 'cursor:'"),
    ("PRIVATE_SCHEMES", "com.example.app", "PRIVATE_SCHEMES has 'com.example.app'"),
    ("PRIVATE_SCHEMES", "cursor javascript", "PRIVATE_SCHEMES has 'javascript', with which browsers do something"),
    (
        "PRIVATE_SCHEMES",
        "none, cursor",
        "PRIVATE_SCHEMES is 'none, cursor'; give schemes with a comma between two, or none",
    ),
    (
        "PRIVATE_SCHEMES",
        ",",
        "PRIVATE_SCHEMES is ','; give schemes with a comma between two, or none and nothing else.",
    ),
    ("PRIVATE_SCHEMES", "data", "PRIVATE_SCHEMES has 'data'"),
    ("PRIVATE_SCHEMES", " ".join(f"a{n}" for n in range(101)), "PRIVATE_SCHEMES has 101 schemes; give at most 100."),
    ("CLIENT_DOCUMENT_HOSTS", "https://claude.ai", "CLIENT_DOCUMENT_HOSTS has 'https://claude.ai'; give host names"),
    ("CLIENT_DOCUMENT_HOSTS", "claude.ai, localhost", "CLIENT_DOCUMENT_HOSTS has 'localhost'; give host names, as in"),
    ("CLIENT_DOCUMENT_HOSTS", " ".join(f"h{n}.example" for n in range(201)), "has 201 hosts; give at most 200."),
    ("CLIENT_DOCUMENT_HOSTS", "127.0.0.1", "CLIENT_DOCUMENT_HOSTS has '127.0.0.1'; give host names"),
    ("CLIENT_DOCUMENT_HOSTS", "*.0.1", "CLIENT_DOCUMENT_HOSTS has '*.0.1'; give host names"),
    ("CLIENT_DOCUMENT_HOSTS", " , ", "CLIENT_DOCUMENT_HOSTS is ' , ' and has no host; give some, or leave it out."),
    ("CLIENT_DOCUMENT_HOSTS_DENIED", "*example.com", "CLIENT_DOCUMENT_HOSTS_DENIED has '*example.com'; give host"),
    ("CLIENT_DOCUMENT_HOSTS_DENIED", "a.example:443", "or *.example.com for all below one."),
    ("CLIENT_DOCUMENT_HOSTS_DENIED", "bücher.example", "CLIENT_DOCUMENT_HOSTS_DENIED has 'bücher.example'"),
    ("MANAGEMENT_PORT", "web", "MANAGEMENT_PORT is 'web'; give a port of 127.0.0.1, as in 9090, or with the address"),
    ("MANAGEMENT_PORT", "0", "MANAGEMENT_PORT is '0'"),
    ("MANAGEMENT_PORT", "65536", "MANAGEMENT_PORT is '65536'"),
    ("MANAGEMENT_PORT", "٩٠٩٠", "MANAGEMENT_PORT is"),
    ("MANAGEMENT_PORT", ":9090", "MANAGEMENT_PORT is ':9090'"),
    ("MANAGEMENT_PORT", "localhost:9090", "as in 0.0.0.0:9090 or [::1]:9090."),
    ("MANAGEMENT_PORT", "::1:9090", "as in 0.0.0.0:9090 or [::1]:9090."),
    ("MANAGEMENT_PORT", "[::1%lo]x:9090", "as in 0.0.0.0:9090 or [::1]:9090."),
    ("DATABASE_SYNCHRONOUS", "off", "DATABASE_SYNCHRONOUS is 'off'; give normal or full."),
    ("LOG_FORMAT", "xml", "LOG_FORMAT is 'xml'; give text or json."),
    ("WEB_CONCURRENCY", "many", "WEB_CONCURRENCY is 'many'; give a whole number from 1 to 64."),
    ("TRUSTED_PROXIES", "yes", "TRUSTED_PROXIES is 'yes'"),
    ("TRUSTED_PROXIES", "-1", "TRUSTED_PROXIES is '-1'"),
    ("DATABASE_URL", "nonsense", "DATABASE_URL is not a database URL; write sqlite:"),
    ("DATABASE_URL", "postgresql://user:pw@host:port/db", "DATABASE_URL is not a database URL"),
    ("DATABASE_URL", "mysql://root@localhost/db", "DATABASE_URL names the database 'mysql'"),
    ("DATABASE_URL", "sqlite://", "DATABASE_URL names an SQLite database in memory"),
    ("DATABASE_URL", "sqlite:///:memory:", "DATABASE_URL names an SQLite database in memory"),
    ("DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true", "DATABASE_URL names an SQLite database in memory"),
    ("SECRET_KEY", "short", "SECRET_KEY is too short; give at least 32 random characters."),
    ("ISSUER", "id.example.com", "ISSUER is 'id.example.com'; give a scheme and a host alone"),
    ("ISSUER", "https://id.example.com/", "without a path or a final slash"),
    ("ISSUER", "https://id.example.com/oauth", "without a path"),
    ("ISSUER", "https://id.example.com?", "give a scheme and a host alone"),
    ("ISSUER", "https://user@id.example.com", "give a scheme and a host alone"),
    ("ISSUER", "https://id.example.com:port", "give a scheme and a host alone"),
    ("ISSUER", "HTTPS://ID.EXAMPLE.COM", "in lower case"),
    ("ISSUER", "https://[", "give a scheme and a host alone"),
    ("ISSUER", "ftp://id.example.com", "give a scheme and a host alone"),
    ("ISSUER", "http://id.example.com", "OAuth needs https, plain http is for 127.0.0.1 and localhost only."),
    (
        "ISSUER",
        "https://id.example.com:443",
        "leave out the port, which browsers and apps leave out too: write https://id.example.com.",
    ),
    ("ISSUER", "https://id.example.com:0443", "write https://id.example.com."),
    ("ISSUER", "http://localhost:80", "write http://localhost."),
    ("ISSUER", "https://id.example.com:08443", "as in https://id.example.com:8443."),
    ("ISSUER", "https://id.example.com:99999", "give a scheme and a host alone"),
    ("ISSUER", "https://id.example.com:0", "give a scheme and a host alone"),
    ("ISSUER", "https://id.example.com.", "as in https://id.example.com."),
    ("ISSUER", "https://ID.example.com/", "as in https://id.example.com."),
    ("ISSUER", "https://id..example.com", "give a scheme and a host alone"),
    ("ISSUER", "https://-id.example.com", "give a scheme and a host alone"),
    ("ISSUER", "https://bücher.example", "as in https://xn--bcher-kva.example."),
    ("ISSUER", "https://[2001:DB8:0::1]", "as in https://[2001:db8::1]."),
    ("ISSUER", "http://[0:0:0:0:0:0:0:1]:8000", "as in http://[::1]:8000."),
    ("ISSUER", "https://127.1", "give a scheme and a host alone"),
    ("ISSUER", "https://2130706433", "give a scheme and a host alone"),
    ("ISSUER", "https://id.example.com#x", "give a scheme and a host alone"),
    ("ISSUER", "https://id.example.com\n", "give a scheme and a host alone"),
    ("ISSUER", "https://" + "x" * 100_000, "give a scheme and a host alone"),
    ("PORT", "9" * 100_000, "PORT is '999"),
    ("SECRET_KEY", " " * 40, "SECRET_KEY is too short"),
    ("SECRET_KEY", "\udcff" * 40, "SECRET_KEY is not UTF-8 text"),
    ("SECRET_KEY_FALLBACKS", "short", "A key of SECRET_KEY_FALLBACKS is too short; give at least 32"),
    ("SECRET_KEY_FALLBACKS", "k" * 32 + ",half", "is too short"),
    ("SECRET_KEY_FALLBACKS", "\udcff" * 40, "A key of SECRET_KEY_FALLBACKS is not UTF-8 text"),
    ("SECRET_KEY_FALLBACKS", ",".join(letter * 32 for letter in "abcdef"), "give at most 5, and leave out the oldest."),
    ("SECURITY_CONTACT", "call us", "SECURITY_CONTACT has 'call'; give e-mail addresses, https:// addresses or tel:"),
    ("SECURITY_CONTACT", "http://example.com/report", "give e-mail addresses"),
    ("SECURITY_CONTACT", "mailto:a@b\nExpires:", "give e-mail addresses"),
    ("SECURITY_CONTACT", ",".join(f"{n}@example.com" for n in range(6)), "give at most 5."),
    ("SECURITY_POLICY", "http://example.com", "SECURITY_POLICY is 'http://example.com'; give the https://"),
    ("SECURITY_POLICY", "https://example.com\nContact: x", "SECURITY_POLICY is"),
    ("PURGE_INTERVAL", "off", "PURGE_INTERVAL is 'off'; give a whole number from 0 to 86400."),
    (
        "SMTP_URL",
        "mail.example.com",
        "does not begin with smtps://, smtp+starttls:// or smtp://; give it as in smtps://",
    ),
    ("SMTP_URL", "http://mail.example.com", "SMTP_URL does not begin with smtps://"),
    ("SMTP_URL", "smtps://", "SMTP_URL names no host"),
    ("SMTP_URL", "smtps://mail.example.com:port", "SMTP_URL has a host or a port that is none"),
    ("SMTP_URL", "smtps://mail.example.com:0", "SMTP_URL names no host"),
    ("SMTP_URL", "smtps://user:pass/word@mail.example.com", "SMTP_URL has a host or a port that is none"),
    ("SMTP_URL", "smtps://user:pass@mail.example.com/inbox", "is written %2F, %3F or %23"),
    ("SMTP_URL", "smtps://user:pass@mail.example.com?starttls=1", "SMTP_URL goes on after the host and the port"),
    ("SMTP_URL", "smtps://user@mail.example.com", "SMTP_URL has a user or a password, and not both"),
    ("SMTP_URL", "smtps://user:%FF@mail.example.com", "SMTP_URL has a user or a password that is not UTF-8"),
    ("SMTP_URL", "smtps://user:a%0Ab@mail.example.com", "with a line break or another sign of control"),
    ("MAIL_FROM", "nobody", "MAIL_FROM is 'nobody'; give an e-mail address, as in no-reply@example.com"),
    ("MAIL_FROM", "a@example.com, b@example.com", "MAIL_FROM is"),
    ("MAIL_FROM", "A <a@example.com>\nBcc: <b@example.com>", "MAIL_FROM is"),
    ("MAIL_FROM", "A\u202e <a@example.com>", "MAIL_FROM is"),
    ("REDIS_URL", "redis", "does not begin with redis://, rediss:// or unix://; give it as in redis://"),
    ("REDIS_URL", "http://127.0.0.1:6379", "does not begin with redis://"),
    ("REDIS_URL", "redis://:secret@/0", "REDIS_URL names no host"),
    ("REDIS_URL", "redis://127.0.0.1:port/0", "REDIS_URL has a host or a port that is none"),
    ("REDIS_URL", "redis://127.0.0.1:0/0", "REDIS_URL names no host"),
    ("REDIS_URL", "redis://[::1/0", "REDIS_URL has a host or a port that is none"),
    ("REDIS_URL", "redis://127.0.0.1/first", "has a database that is no number"),
    ("REDIS_URL", "redis://127.0.0.1/0?db=first", "ends in parameters that cannot be read"),
    ("REDIS_URL", "redis://127.0.0.1/0?colour=red", "ends in parameters that cannot be read"),
    ("REDIS_URL", "unix://redis.sock", "REDIS_URL names no socket"),
    ("API_CALLS_PER_MINUTE", "-1", "from 0 to 1000000"),
    ("ACCOUNT_MEMORIES", "many", "from 0 to 1000000000"),
    ("ACCOUNT_MEGABYTES", "1.5", "from 0 to 1000000000"),
    ("SITE_NAME", "\u200b", "SITE_NAME must be at most 60 printable characters."),
    ("SITE_NAME", "a\u202eb", "SITE_NAME must be at most 60 printable characters."),
    ("SITE_NAME", "\udcff", "SITE_NAME must be at most 60 printable characters."),
    ("SITE_NAME", "x" * 61, "SITE_NAME must be at most 60 printable characters."),
    ("SITE_NAME", "two\nlines", "SITE_NAME must be at most 60 printable characters."),
    ("AUTHORIZATION_REQUEST_LIFETIME", "0", "from 30 to 3600"),
    ("AUTHORIZATION_REQUEST_MAX_LIFETIME", "599", "is shorter than AUTHORIZATION_REQUEST_LIFETIME"),
    ("AUTHORIZATION_CODE_LIFETIME", "601", "from 1 to 600"),
    ("ACCESS_TOKEN_LIFETIME", "86401", "from 1 to 86400"),
    ("REFRESH_TOKEN_LIFETIME", "forever", "REFRESH_TOKEN_LIFETIME is 'forever'"),
    ("REFRESH_TOKEN_GRACE", "301", "from 0 to 300"),
    ("SESSION_LIFETIME", "59", "from 60 to"),
    ("SESSION_IDLE_LIFETIME", "1.5", "SESSION_IDLE_LIFETIME is '1.5'"),
]


@each(("name", "value", "sentence"), BAD)
def test_a_bad_setting_is_refused_in_one_sentence_that_names_it(name, value, sentence, tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_settings(GOOD | {name: value}, tmp_path)
    message = str(refused.value)
    assert name in message and sentence in message
    assert "\n" not in message and message.endswith(".") and len(message) < 400


def test_what_may_hold_a_password_is_not_repeated(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_settings(GOOD | {"DATABASE_URL": "postgresql://user:hunter2@host:port/db"}, tmp_path)
    assert "hunter2" not in str(refused.value)


def test_a_setting_may_stand_in_a_file(tmp_path):
    """As secrets do that are mounted into a container, and nobody sees among the variables of a process."""
    file = tmp_path / "site_name"
    for written in ("Shelf", "Shelf\n", "\ufeffShelf\r\n"):
        file.write_text(written)
        assert read_settings(GOOD | {"SITE_NAME_FILE": str(file)}, tmp_path).site_name == "Shelf"
    assert read_settings(GOOD | {"SITE_NAME_FILE": str(file), "SITE_NAME": ""}, tmp_path).site_name == "Shelf"
    assert read_settings(GOOD | {"SITE_NAME_FILE": "", "SITE_NAME": "Shelf"}, tmp_path).site_name == "Shelf"


def test_a_secret_in_a_file_is_as_good_as_one_in_the_environment(tmp_path):
    given = {"DATABASE_URL": "postgresql://u:p@host/db", "SECRET_KEY": "k" * 32, "ISSUER": "https://id.example.com"}
    for name, value in given.items():
        (tmp_path / name).write_text(f"{value}\n")
    files = {f"{name}_FILE": str(tmp_path / name) for name in given}
    assert read_settings(files, tmp_path / "instance") == read_settings(given, tmp_path / "instance")
    assert not (tmp_path / "instance").exists()


@each(
    ("written", "sentence"),
    [
        (None, "SECRET_KEY_FILE names no file ('{path}'); give the path of one that this user may read."),
        (b"", "SECRET_KEY_FILE names a file ('{path}') that is empty; write the value into it, and nothing else."),
        (b"\n", "that is empty;"),
        (b"k" * 200_000, "that is too long; write the value into it, and nothing else."),
        (b"\xff" * 40, "SECRET_KEY_FILE names a file ('{path}') that is not UTF-8 text."),
        (b"short", "SECRET_KEY is too short"),
    ],
    ids=["none", "empty", "only a line break", "too long", "not text", "a bad value"],
)
def test_a_file_that_cannot_be_used_is_refused(written, sentence, tmp_path):
    path = tmp_path / "k"
    if written is not None:
        path.write_bytes(written)
    with pytest.raises(ConfigurationError) as refused:
        read_settings({"DATABASE_URL": GOOD["DATABASE_URL"], "SECRET_KEY_FILE": str(path)}, tmp_path)
    # Of a long path only the beginning is told.
    shown = str(path) if len(str(path)) <= 40 else f"{str(path)[:40]}…"
    assert sentence.replace("{path}", shown) in str(refused.value)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    """A pipe would be, and be empty for whoever reads it next."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(ConfigurationError, match="SECRET_KEY_FILE names no file"):
            read_settings({"DATABASE_URL": GOOD["DATABASE_URL"], "SECRET_KEY_FILE": str(path)}, tmp_path)


def test_a_secret_in_the_place_of_its_file_is_not_repeated(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_settings({"DATABASE_URL_FILE": "postgresql://user:hunter2@host/db"}, tmp_path)
    assert "hunter2" not in str(refused.value) and "DATABASE_URL_FILE names no file;" in str(refused.value)


def test_a_setting_and_its_file_are_not_both_taken(tmp_path):
    (tmp_path / "key").write_text("k" * 32)
    with pytest.raises(ConfigurationError, match="SECRET_KEY and SECRET_KEY_FILE are both set;"):
        read_settings(GOOD | {"SECRET_KEY_FILE": str(tmp_path / "key")}, tmp_path)


def test_every_lifetime_can_be_chosen(tmp_path):
    settings = read_settings(
        GOOD
        | {
            "AUTHORIZATION_REQUEST_LIFETIME": "300",
            "AUTHORIZATION_REQUEST_MAX_LIFETIME": "900",
            "AUTHORIZATION_CODE_LIFETIME": "30",
            "ACCESS_TOKEN_LIFETIME": "60",
            "REFRESH_TOKEN_LIFETIME": "120",
            "REFRESH_TOKEN_GRACE": "10",
        },
        tmp_path,
    )
    assert (settings.authorization_request_lifetime, settings.authorization_request_max_lifetime) == (300, 900)
    assert (settings.authorization_code_lifetime, settings.access_token_lifetime) == (30, 60)
    assert (settings.refresh_token_lifetime, settings.refresh_token_grace) == (120, 10)


def test_without_settings_everything_is_local(tmp_path):
    settings = read_settings({}, tmp_path / "instance")
    assert settings.issuer == "http://127.0.0.1:8000" and not settings.is_https
    assert settings.database_url == f"sqlite:///{tmp_path}/instance/reliquary.sqlite3"
    assert (settings.authorization_request_lifetime, settings.authorization_code_lifetime) == (600, 60)
    assert (settings.access_token_lifetime, settings.refresh_token_lifetime) == (3600, 30 * 24 * 3600)
    assert settings.refresh_token_grace == 30


def test_the_issuer_follows_the_port(tmp_path):
    assert read_settings(GOOD | {"PORT": "8123"}, tmp_path).issuer == "http://127.0.0.1:8123"


@each("issuer", ["https://id.example.com", "https://id.example.com:8443", "http://localhost:1", "http://[::1]:8000"])
def test_a_usable_issuer_is_taken_as_it_is(issuer, tmp_path):
    assert read_settings(GOOD | {"ISSUER": issuer}, tmp_path).issuer == issuer


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg_3(scheme, tmp_path):
    settings = read_settings(GOOD | {"DATABASE_URL": f"{scheme}://user:p%40ss@host:5432/db"}, tmp_path)
    assert settings.database_url == "postgresql+psycopg://user:p%40ss@host:5432/db"


def test_a_secret_in_the_issuer_is_not_repeated(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_settings(GOOD | {"ISSUER": "https://user:hunter2@id.example.com"}, tmp_path)
    assert "hunter2" not in str(refused.value)


@each(
    ("environ", "bind", "issuer"),
    [
        ({}, "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ({"PORT": "80"}, "127.0.0.1:80", "http://127.0.0.1"),
        ({"ISSUER": "http://[::1]:8123"}, "[::1]:8123", "http://[::1]:8123"),
        ({"ISSUER": "http://localhost:8123"}, "127.0.0.1:8123", "http://localhost:8123"),
        # Behind a proxy on this machine.
        ({"ISSUER": "http://localhost:8080", "PORT": "8123"}, "127.0.0.1:8123", "http://localhost:8080"),
        ({"ISSUER": "http://localhost"}, "127.0.0.1:8000", "http://localhost"),
        ({"ISSUER": "https://id.example.com:8443"}, "127.0.0.1:8000", "https://id.example.com:8443"),
        ({"ISSUER": "https://[2001:db8::1]"}, "127.0.0.1:8000", "https://[2001:db8::1]"),
    ],
)
def test_the_server_listens_where_a_loopback_issuer_says(environ, bind, issuer, tmp_path):
    settings = read_settings(GOOD | environ, tmp_path)
    assert (settings.bind, settings.issuer) == (bind, issuer)


def test_a_key_that_ended_in_a_line_break_is_still_accepted(tmp_path):
    """As one does that was made from a file: it has signed with that, and is given in the same way again."""
    old, older = "o" * 32 + "\n", "l" * 32
    environ = {"SECRET_KEY": "n" * 32, "SECRET_KEY_FALLBACKS": f"{older}, {old}"}
    assert read_settings({"SECRET_KEY": old}, tmp_path).secret_key == old
    assert read_settings(environ, tmp_path).secret_key_fallbacks == (older, old.strip(), old)


def test_the_kept_secret_key_is_private_and_stays_the_same(tmp_path):
    folder = tmp_path / "instance"
    first = read_settings({}, folder).secret_key
    assert len(first) >= 64
    assert read_settings({}, folder).secret_key == first
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_processes_that_start_together_keep_one_secret_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: read_settings({}, tmp_path / "instance").secret_key, range(64)))
    assert len(keys) == 1


@each(
    ("text", "address"),
    [
        ("9090", ("127.0.0.1", 9090)),
        ("0.0.0.0:9090", ("0.0.0.0", 9090)),
        ("[::1]:9090", ("::1", 9090)),
        ("[0:0:0:0:0:0:0:1]:9090", ("::1", 9090)),
    ],
)
def test_the_management_port_may_name_its_address(text, address, tmp_path):
    assert read_settings(GOOD | {"MANAGEMENT_PORT": text}, tmp_path).management == address


def test_a_damaged_secret_key_is_not_replaced_silently(tmp_path):
    (tmp_path / "secret_key").write_text("half")
    with pytest.raises(ConfigurationError, match="is damaged; delete that file"):
        read_settings({}, tmp_path)


def test_a_secret_key_file_that_is_no_text_is_one_sentence_too(tmp_path):
    (tmp_path / "secret_key").write_bytes(b"\xff\xfe" * 10)
    with pytest.raises(ConfigurationError, match="is damaged; delete that file"):
        read_settings({}, tmp_path)


def test_behind_https_the_secret_key_must_be_given(tmp_path):
    """Kept on one machine alone, it would sign people out whenever another machine answers."""
    with pytest.raises(ConfigurationError, match="SECRET_KEY is missing"):
        read_settings({"ISSUER": "https://id.example.com"}, tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "instance").write_text("a file, not a folder")
    with pytest.raises(ConfigurationError, match="instance cannot be used"):
        read_settings({}, tmp_path / "instance")


def test_nothing_is_written_when_everything_is_given(tmp_path):
    read_settings(GOOD, tmp_path / "instance")
    assert not (tmp_path / "instance").exists()


@each(
    "command",
    [
        ["flask", "db", "current"],
        ["flask", "doctor"],
        ["gunicorn", "-c", "python:app.serving", "wsgi:app"],
        ["app.demonstration.local"],
    ],
    ids=lambda command: command[0],
)
def test_a_bad_setting_stops_the_start_without_a_traceback(command):
    done = run_forked(
        [sys.executable, "-m", *command],
        cwd=_ROOT,
        env=environ_of_machine() | GOOD | {"PORT": "none"},
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "Reliquary cannot start: PORT is 'none'; give a whole number from 1 to 65535.\n"


@each(
    "url",
    [
        "redis://127.0.0.1",
        "redis://[::1]:6379/3",
        "rediss://user:p%40ss@redis.example.com:6380/0",
        "unix:///run/redis/redis.sock",
        "unix://:password@/run/redis/redis.sock?db=2",
    ],
)
def test_redis_is_reached_in_three_ways(url, tmp_path):
    assert read_settings({"REDIS_URL": url}, tmp_path).redis_url == url


@pytest.mark.parametrize(
    "url", ["redis://:open-sesame@127.0.0.1:x", "http://u:open-sesame@h", "redis://:open-sesame@h/y"]
)
def test_the_password_of_redis_is_not_repeated(url, tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_settings({"REDIS_URL": url}, tmp_path)
    assert "sesame" not in str(refused.value)
