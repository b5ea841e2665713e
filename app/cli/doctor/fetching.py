"""Whether this machine could ask other hosts for what apps keep there. No host is asked."""

from collections.abc import Iterator

from app.cli.doctor.finding import Deployment, Finding, ok, warning
from app.fetch.network import trusts_anybody


def check_authorities(deployment: Deployment) -> Iterator[Finding]:
    """Whether the certificate of any host could be believed."""
    if "*" in deployment.settings.client_document_hosts_denied:
        yield ok("Nothing is fetched from other hosts: CLIENT_DOCUMENT_HOSTS_DENIED is *.")
    elif trusts_anybody():
        yield ok("Certificates of other hosts can be checked, from which documents of apps are fetched.")
    else:
        yield warning(
            "This machine trusts no certificate authority, so no app can join by its metadata document.",
            "Install the system's certificates (ca-certificates), or set CLIENT_DOCUMENT_HOSTS_DENIED to *.",
        )
