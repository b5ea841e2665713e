"""How the server is reached: the issuer's address, proxies in front, and the keys."""

import json
import os
import re
import ssl
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from http.client import HTTPException, HTTPMessage
from ipaddress import ip_address
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from sqlalchemy import select

from app.accounts.models import Session
from app.cli.doctor.finding import Deployment, Finding, error, ok, warning
from app.config import FILE, find_setting_names
from app.database.access import expect_reads

#: How much of a name must be as in a setting's, from 0 to 1.
_ALIKE = 0.85
_SECONDS = 3
_MOST_BYTES = 100_000
_METADATA = "/.well-known/oauth-authorization-server"
_FEWEST_KINDS = 8
_SEEN = 50
_PROXIES_DO = (
    "Set TRUSTED_PROXIES to how many proxies in front set X-Forwarded-For, and let no other way lead to the server."
)


def check_settings(_deployment: Deployment) -> Iterator[Finding]:
    """Whether the environment has what reads like a setting and is none: it is obeyed by nobody."""
    names = find_setting_names()
    names |= {name + FILE for name in names}
    found = False
    for name in sorted(set(os.environ) - names):
        for meant in get_close_matches(name.upper(), names, n=1, cutoff=_ALIKE):
            found = True
            yield warning(f"The environment has {name[:60]}, which is no setting.", f"If {meant} is meant, call it so.")
    if not found:
        yield ok("The environment has nothing that reads like a setting and is none.")


def check_issuer(deployment: Deployment) -> Iterator[Finding]:
    """Whether the issuer's address leads here, as apps find it. Not being able to reach it from here is only a hint."""
    issuer = deployment.settings.issuer
    do = "See that DNS, the certificate and the proxy lead there to this server; ISSUER must be the address in the browser."
    try:
        with _opener.open(
            Request(issuer + _METADATA, headers={"Accept": "application/json"}), timeout=_SECONDS
        ) as answer:
            told: Any = json.loads(answer.read(_MOST_BYTES)).get("issuer")
    except HTTPError as problem:
        if 300 <= problem.code < 400:
            location = str(problem.headers.get("Location", ""))[:100]
            yield error(
                f"{issuer} redirects to {location!r}, which apps do not follow.",
                "Make ISSUER the address that answers itself.",
            )
        else:
            yield error(f"{issuer} answers {problem.code} where this server's metadata belongs.", do)
    except ValueError:
        yield error(f"{issuer} is answered by something that is not this server.", do)
    except (URLError, OSError, HTTPException) as problem:
        cause = getattr(problem, "reason", problem)
        if isinstance(cause, ssl.SSLCertVerificationError):
            yield error(
                f"The certificate of {issuer} is not trusted here: {cause.verify_message}.",
                "Renew it, or serve its whole chain.",
            )
        else:
            yield warning(
                f"{issuer} cannot be reached from here: {_name(cause)}.",
                f"Start the server, or look from elsewhere. {do}",
            )
    else:
        if told == issuer:
            yield ok(f"{issuer} leads to a server that calls itself so.")
        else:
            yield error(
                f"{issuer} leads to a server that calls itself {str(told)[:100]!r}.",
                "Give every server the same ISSUER.",
            )
    if not deployment.settings.is_https:
        yield warning(
            f"{issuer} is not https, so it is for this machine alone.",
            "Set ISSUER to the https address that people and apps reach.",
        )


def check_proxies(deployment: Deployment) -> Iterator[Finding]:
    """Whether addresses arrive as they should, by those of the last sign-ins."""
    trusted, is_https = deployment.settings.trusted_proxies, deployment.settings.is_https
    with expect_reads(), deployment.engine.connect() as connection:
        seen = connection.execute(select(Session.address).order_by(Session.last_used_at.desc()).limit(_SEEN)).scalars()
        told = list(seen)
    addresses = Counter(address for address in told if address)
    inside = sum(count for address, count in addresses.items() if _is_inside(address))
    if is_https and not trusted:
        # gunicorn speaks no TLS here, so something in front does.
        yield (warning if not addresses or inside < addresses.total() else error)(
            "ISSUER is https, so a proxy stands in front, and TRUSTED_PROXIES is 0: everybody seems to come from the proxy,"
            " and limits count all people as one" + (f" (the last {inside} sign-ins did)." if inside else "."),
            _PROXIES_DO,
        )
    elif told and not addresses:
        # The server listens at a Unix socket, or the proxy writes no header.
        yield error(
            f"The last {len(told)} sign-ins came without an address, and TRUSTED_PROXIES is {trusted}: limits count all"
            " people as one.",
            _PROXIES_DO,
        )
    elif trusted and not is_https:
        yield warning(
            f"TRUSTED_PROXIES is {trusted}, and ISSUER is http: who reaches the port can claim any address.",
            _PROXIES_DO,
        )
    elif trusted and addresses and inside == addresses.total():
        yield warning(
            f"TRUSTED_PROXIES is {trusted}, and the last {inside} sign-ins all came from addresses inside.",
            "Count the proxies that set X-Forwarded-For anew: with too few, the nearest proxy counts as the person.",
        )
    else:
        yield ok(f"TRUSTED_PROXIES is {trusted}, and addresses arrive as they should.")


def check_keys(deployment: Deployment) -> Iterator[Finding]:
    """Whether the keys are hard to guess. Nothing of one is told."""
    settings = deployment.settings
    for place, key in enumerate(settings.secret_keys):
        name = "SECRET_KEY" if not place else f"key {place} of SECRET_KEY_FALLBACKS"
        if len(set(key)) < _FEWEST_KINDS:
            yield error(
                f"The {name} has only {len(set(key))} different characters: whoever guesses it can sign in as anybody.",
                'Make one by python3 -c "import secrets; print(secrets.token_hex(32))".',
            )
    if re.search(r"[\s,]", settings.secret_key):
        yield warning(
            "SECRET_KEY has a space, a line break or a comma in it: another machine may read it without, and between the"
            " keys of SECRET_KEY_FALLBACKS it is not found again.",
            'Change it when you can: python3 -c "import secrets; print(secrets.token_hex(32))" makes one of letters and digits.',
        )
    count = len(settings.secret_key_fallbacks)
    if count:
        yield warning(
            f"{count} older or coming keys are still accepted.",
            "Once every server has signed with the new key for as long as SESSION_LIFETIME, empty SECRET_KEY_FALLBACKS.",
        )
    else:
        yield ok("SECRET_KEY is the only key.")


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow none: an app does not either."""


# Not through a proxy of the environment: it is for going out.
_opener = build_opener(_NoRedirect, ProxyHandler({}))


def _name(cause: object) -> str:
    return " ".join(str(cause).split())[:150].rstrip(".") or type(cause).__name__


def _is_inside(address: str) -> bool:
    try:
        return ip_address(address).is_private
    except ValueError:
        return True
