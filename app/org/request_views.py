"""/org/oauth/<client_id>/requests: the last requests of one app, and why those failed that did."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.database.access import outside_transaction
from app.extensions import db
from app.http.services import services
from app.oauth.journal import log as request_log
from app.oauth.journal.log import RequestLog
from app.oauth.journal.told import list_requests
from app.org import blueprint
from app.org.access import Access, members_only
from app.paging import read_page


@blueprint.get("/<client_id>/requests")
@members_only
def show_requests(access: Access, client_id: str) -> ResponseReturnValue:
    # What this process has noted is to be on the page, and what was read so far is older than that.
    with outside_transaction(db.session):
        services().notes.of(RequestLog).flush_if_possible()
    # To write may have waited for somebody who deletes the app.
    client = access.get_client(client_id)
    only_failed = request.args.get("show") == "failed"
    # As it is copied from a log or a message, with what may stand around it.
    request_id = request.args.get("request", "").strip(" \t\r\n\"'.,;")
    return render_template(
        "org/requests.html",
        access=access,
        client=client,
        listing=list_requests(
            client, only_failed=only_failed, page=read_page(request.args.get("page")), request_id=request_id
        ),
        only_failed=only_failed,
        request_id=request_id,
        most_failures=request_log.MOST_FAILURES,
        most_successes=request_log.MOST_SUCCESSES,
        days_kept=request_log.KEPT_FOR.days,
    )
