"""The audit log of an organization: a page to look through, and two files to take away."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.http.files import send_lines, send_table
from app.org import blueprint
from app.org.access import Access, members_only
from app.org.audit_log import (
    PAGE_SIZE,
    Filter,
    export_json_lines,
    export_rows,
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
    rows = export_rows(access.organization.id, _read_filter())
    return send_table(rows, f"{access.organization.slug}-audit.csv")


@blueprint.get("/audit.jsonl")
@members_only
def export_audit_json_lines(access: Access) -> ResponseReturnValue:
    lines = export_json_lines(access.organization.id, _read_filter())
    return send_lines(lines, "application/jsonl", f"{access.organization.slug}-audit.jsonl")


def _read_filter() -> Filter:
    return Filter(*(request.args.get(name, "") for name in ("app", "person", "kind")))
