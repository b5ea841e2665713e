"""The audit log of an organization: a page to look through, and two files to take away."""

from collections.abc import Iterator
from itertools import chain, islice

from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.org import blueprint
from app.org.access import Access, members_only
from app.org.journal import (
    PAGE_SIZE,
    Filter,
    export_csv,
    export_json_lines,
    list_apps,
    list_entries,
    list_people,
)
from app.org.kind_names import KIND_NAMES


@blueprint.get("/audit")
@members_only
def show_audit_log(access: Access) -> ResponseReturnValue:
    chosen = _read_filter()
    before = request.args.get("before", "")
    entries = list_entries(access.organization.id, chosen, before=before, limit=PAGE_SIZE + 1)
    return render_template(
        "org/audit.html",
        access=access,
        entries=entries[:PAGE_SIZE],
        has_older=len(entries) > PAGE_SIZE,
        is_latest=not before,
        chosen=chosen,
        apps=list_apps(access.organization.id),
        people=list_people(access.organization.id),
        kind_options=list(KIND_NAMES.items()),
    )


@blueprint.get("/audit.csv")
@members_only
def export_audit_csv(access: Access) -> ResponseReturnValue:
    lines = export_csv(access.organization.id, _read_filter())
    return _download(lines, "text/csv", f"{access.organization.slug}-audit.csv")


@blueprint.get("/audit.jsonl")
@members_only
def export_audit_json_lines(access: Access) -> ResponseReturnValue:
    lines = export_json_lines(access.organization.id, _read_filter())
    return _download(lines, "application/jsonl", f"{access.organization.slug}-audit.jsonl")


def _read_filter() -> Filter:
    return Filter(*(request.args.get(name, "") for name in ("app", "person", "kind")))


def _download(lines: Iterator[str], media_type: str, name: str) -> Response:
    # The first rows are read before anything is sent: if that fails, there is still an answer that says so.
    first = list(islice(lines, 2))
    response = Response(stream_with_context(chain(first, lines)), content_type=f"{media_type}; charset=utf-8")
    # A slug is letters, digits and hyphens.
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
