"""``flask clients requests``: what the dashboard's Requests tab tells, on the command line."""

import json
from typing import Any

import click

from app.cli.clients.group import clients, get_client
from app.cli.commands import database
from app.cli.printing import json_option, say
from app.oauth.journal.told import Entry, list_requests


@clients.command("requests")
@click.argument("client_id")
@click.option("--failed", is_flag=True, help="Only those that failed.")
@click.option("--page", type=click.IntRange(1, 1000), default=1, help="Which 20 of them; 1 has the latest.")
@json_option
def requests_command(client_id: str, failed: bool, page: int, as_json: bool) -> None:
    """List the last requests of an app, the latest first, with what failed and how to mend it."""
    with database(only_reads=True):
        listing = list_requests(get_client(client_id), only_failed=failed, page=page)
    if as_json:
        described = [_describe(entry) for entry in listing.entries]
        say(json.dumps({"requests": described, "page": listing.page, "pages": listing.pages}))
        return
    for entry in listing.entries:
        one = _describe(entry)
        say(f"{one['at']}  {one['endpoint']:<9}  {one['error'] or 'succeeded'}")
        say(f"    {entry.happened}")
        if entry.fix and not entry.succeeded:
            say(f"    Fix: {entry.fix}")
        if entry.request_id:
            say(f"    Request: {entry.request_id}")


def _describe(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(timespec="seconds"),
        "endpoint": entry.endpoint.lower(),
        "succeeded": entry.succeeded,
        "error": entry.error,
        "happened": entry.happened,
        "fix": None if entry.succeeded else entry.fix,
        "grant_type": entry.grant_type or None,
        "scope": entry.scope or None,
        "redirect_uri": entry.redirect_uri or None,
        "request_id": entry.request_id or None,
    }
