"""Every setting, with its default."""

from msgspec import Struct

from app.issuer import listening_host
from app.scopes import SCOPES

DAY = 24 * 60 * 60
#: Of programs that ask for a scheme without a dot: Cursor and VS Code.
PRIVATE_SCHEMES = ("cursor", "vscode", "vscode-insiders")


class Settings(Struct, frozen=True):
    """What an operator may choose. Lifetimes are in seconds."""

    database_url: str
    secret_key: str
    issuer: str
    #: Keys that signed before, or will next: accepted, never signed with.
    secret_key_fallbacks: tuple[str, ...] = ()
    site_name: str = "Reliquary"
    #: Whom to tell of a weakness, as URIs, and the address of the rules for that.
    security_contacts: tuple[str, ...] = ()
    security_policy: str = ""
    port: int = 8000
    trusted_proxies: int = 0
    #: Address and port for supervisors and scrapers; None for nowhere.
    management: tuple[str, int] | None = None
    #: Who may register itself: ``open``, ``token`` or ``off``; and the token that it must send.
    client_registration: str = "open"
    client_registration_token: str = ""
    #: What clients that no organization registered may ask for.
    third_party_scopes: tuple[str, ...] = tuple(SCOPES)
    #: Schemes without a dot that redirect URIs may have, beside those in reverse-domain form.
    private_schemes: tuple[str, ...] = PRIVATE_SCHEMES
    #: Hosts that client id metadata documents may come from, all when empty, and those that nothing is fetched from.
    client_document_hosts: tuple[str, ...] = ()
    client_document_hosts_denied: tuple[str, ...] = ()
    #: gunicorn's worker processes.
    workers: int = 2
    #: ``text`` or ``json``.
    log_format: str = "text"
    #: Seconds between two purges; 0 leaves them to ``flask purge``.
    purge_interval: int = 300
    #: How long SQLite waits for the disk at each write: ``normal`` or ``full``.
    database_synchronous: str = "normal"
    #: Where limits are counted; None for the database.
    redis_url: str | None = None
    #: The mail server; None for none.
    smtp_url: str | None = None
    #: Who letters come from: a name and an address, each empty for the usual one.
    mail_from: tuple[str, str] = ("", "")
    #: Of one token, in each process; 0 for no limit.
    api_calls_per_minute: int = 6000
    #: How much one account may keep; 0 for no bound.
    account_memories: int = 1_000_000
    account_megabytes: int = 1000

    # Every OAuth lifetime, in one block.
    authorization_request_lifetime: int = 600
    authorization_request_max_lifetime: int = 60 * 60
    authorization_code_lifetime: int = 60
    access_token_lifetime: int = 60 * 60
    refresh_token_lifetime: int = 30 * DAY
    refresh_token_grace: int = 30

    # Signed-in sessions: how long one lasts, and how long it may lie idle.
    session_lifetime: int = 14 * DAY
    session_idle_lifetime: int = 3 * DAY

    # argon2id (RFC 9106, second recommended option scaled to a web sign-in).
    password_time_cost: int = 3
    password_memory_kib: int = 64 * 1024

    @property
    def is_https(self) -> bool:
        """Whether people reach us over TLS, as the issuer says (never as the request says)."""
        return self.issuer.startswith("https://")

    @property
    def sends_mail(self) -> bool:
        """Whether letters go anywhere: to a mail server, or on a server for this machine alone to a page of its own."""
        return bool(self.smtp_url) or not self.is_https

    @property
    def bind(self) -> str:
        """Where the server listens."""
        return f"{listening_host(self.issuer)}:{self.port}"

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Every key whose signature is accepted; the one that signs comes first."""
        return (self.secret_key, *self.secret_key_fallbacks)
