"""``flask doctor``: looks at a deployment, and says what is wrong and what to do. It changes nothing."""

import json
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.cli.doctor.examination import examine
from app.cli.doctor.finding import ERROR, OK, WARNING, Deployment
from app.cli.printing import json_option, say
from app.database.schema import read_revisions
from app.extensions import db
from app.http.services import services


def init_app(app: Flask) -> None:
    """Add the command to ``flask``."""
    app.cli.add_command(doctor_command)


@click.command("doctor")
@json_option
@with_appcontext
def doctor_command(as_json: bool) -> None:
    """Look at this deployment, and say what is wrong and what to do. Nothing is changed, and no secret is shown.

    The exit code is 1 when something is an error; a warning alone is none.
    """
    deployment = Deployment(services().settings, db.engine, read_revisions(), Path(current_app.instance_path))
    counts = dict.fromkeys((OK, WARNING, ERROR), 0)
    told = []
    for name, finding in examine(deployment):
        counts[finding.level] += 1
        told.append({"check": name, "level": finding.level, "says": finding.says, "do": finding.do})
        if not as_json:
            say(f"{finding.level:<8} {name:<12} {finding.says}")
            if finding.do:
                say(f"{'':<21} → {finding.do}")
    if as_json:
        say(json.dumps({"findings": told, "counts": counts}))
    else:
        say(f"\n{counts[ERROR]} errors, {counts[WARNING]} warnings.")
    if counts[ERROR]:
        click.get_current_context().exit(1)
