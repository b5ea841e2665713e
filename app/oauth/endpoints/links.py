"""The links to an app's own pages, as our screens show them."""

from app.clients.address_problems import find_web_address_problem
from app.clients.redirect_uris import host_of
from app.oauth.endpoints import blueprint


@blueprint.app_template_filter("web_host")
def web_host(address: str | None) -> str:
    """The host that a link leads to; nothing for an address that would not be registered today, and is no link."""
    return "" if not address or find_web_address_problem(address) else host_of(address)
