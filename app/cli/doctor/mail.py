"""Whether letters go out: that there is a mail server, and that none waits for long."""

from collections.abc import Iterator

from app.cli.doctor.finding import Deployment, Finding, ok, warning
from app.cli.doctor.finding import error as wrong
from app.config.smtp_url import Security, read_smtp_url
from app.mail.looking_after import read_backlog

_MINUTE = 60


def check_mail(deployment: Deployment) -> Iterator[Finding]:
    """Where letters go, and how the outbox stands. Nothing is sent, and no server is asked."""
    settings = deployment.settings
    if not settings.sends_mail:
        yield warning(
            "SMTP_URL is not set, so no letter goes out: nobody confirms an address or comes back after a forgotten password.",
            "Set SMTP_URL to your mail server; until then flask users reset-link prints a link to hand over.",
        )
        return
    if settings.smtp_url:
        server = read_smtp_url(settings.smtp_url)
        if server.security is Security.AS_OFFERED and not server.is_on_this_machine:
            yield warning(
                f"SMTP_URL begins with smtp://, so letters to {server.name} are in clear text if somebody on the way says so.",
                "Begin it with smtps:// or smtp+starttls://.",
            )
    backlog = read_backlog(deployment.engine)
    told = "1 letter waits" if backlog.waiting == 1 else f"{backlog.waiting} letters wait"
    if backlog.is_stuck:
        said = f" The last attempt said: {backlog.says}" if backlog.says else ""
        yield wrong(
            f"{told}, and for {backlog.stuck_for / _MINUTE:.0f} minutes none has gone out.{said}",
            "See to the mail server, or start this one: a server sends them. flask mail list says why each waits.",
        )
    elif backlog.failed or backlog.uncertain:
        yield warning(
            f"{told}. {backlog.failed} were refused and {backlog.uncertain} may not have arrived.",
            "flask mail list says why; flask mail retry sends them again, flask mail drop lets go of them.",
        )
    else:
        yield ok(f"{told}, and all others went out.")
