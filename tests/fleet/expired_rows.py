"""A database full of what has expired, as one is that nobody has purged for months."""

from sqlalchemy import Engine, text

_DIGESTS = {"sqlite": "randomblob(32)", "postgresql": "sha256(int8send(n) || {salt}::bytea)"}
_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})",
    "postgresql": "WITH numbers(n) AS (SELECT CAST(generate_series(1, {count}) AS bigint))",
}
#: 2020-01-01, in microseconds; one second later for each row.
_LONG_AGO = "(1577836800000000 + n * 1000000)"
_TEXTS = {"sqlite": "hex(randomblob(32))", "postgresql": "encode(sha256(int8send(n)), 'hex')"}
_INSTANTS = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000+00:00', 1577836800 + n, 'unixepoch')",
    "postgresql": "to_timestamp(1577836800 + n)",
}


def fill_with_expired_rows(engine: Engine, rows: int, *, grant_id: str, client_key: str) -> int:
    """Add so many rows that have expired, of the kinds that grow. Returns how many there are."""
    dialect = engine.dialect.name
    tenth = rows // 10
    token = "digest, client_key, family_id, audience, scope, issued_at, expires_at"
    issued = f"'{client_key}', {{family}}, 'api', 'memories:read', {_LONG_AGO}, {_LONG_AGO} + 3600000000"
    own, of_family = issued.format(family="NULL"), issued.format(family="first + n")
    families = "numbers, (SELECT min(id) - 1 AS first FROM oauth_families WHERE issued_at < 1600000000000000) AS oldest"
    inserts = (
        (tenth, f"oauth_families (issued_at, grant_id) SELECT {_LONG_AGO}, '{grant_id}' FROM numbers"),
        (tenth, f"oauth_codes ({token}, redirect_uri) SELECT {{1}}, {of_family}, 'https://a.example/' FROM {families}"),
        (tenth, f"oauth_refresh_tokens ({token}) SELECT {{2}}, {of_family} FROM {families}"),
        (tenth * 3, f"oauth_access_tokens ({token}) SELECT {{3}}, {own} FROM numbers"),
        (tenth, f"oauth_access_tokens ({token}) SELECT {{4}}, {of_family} FROM {families}"),
        (
            tenth * 2,
            "idempotency_keys (digest, client_id, request_digest, status, body, expires_at)"
            f" SELECT {_TEXTS[dialect]}, '{client_key}', '', 200, '{{{{}}}}', {_INSTANTS[dialect]} FROM numbers",
        ),
        (
            tenth,
            "rate_limit_counters (key, count, expires_at)"
            f" SELECT {_TEXTS[dialect]}, 1, {_INSTANTS[dialect]} FROM numbers",
        ),
    )
    digests = [_DIGESTS[dialect].format(salt=f"'{place}'") for place in range(6)]
    for count, insert in inserts:
        with engine.begin() as connection:
            numbers = _NUMBERS[dialect].format(count=count)
            # SQLite wants the WITH before the SELECT.
            into, select = insert.format(*digests).split(" SELECT ", 1)
            connection.execute(
                text(
                    f"INSERT INTO {into} {numbers} SELECT {select}".replace(":bytea", "\\:bytea").replace(
                        ":\\:", "\\:\\:"
                    )
                )
            )
    if dialect == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    return sum(count for count, _ in inserts)
