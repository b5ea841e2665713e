"""``flask mail``: letters that wait, that could not be sent, and one to try it with."""

import click
from flask import Flask
from flask.cli import AppGroup

from app.cli.commands import database
from app.extensions import db
from app.mail import mail_goes_out
from app.mail.outbox import put_mail
from app.mail.trial import TRIAL

mail = AppGroup("mail", help="Look after the letters that this server sends.")


def init_app(app: Flask) -> None:
    """Add the commands of this file to ``flask``."""
    app.cli.add_command(mail)


@mail.command("try")
@click.argument("address")
def try_command(address: str) -> None:
    """Put a letter to ADDRESS into the outbox, to see whether letters arrive. A server sends it.

    \f
    Raises a sentence for what cannot be.
    """
    if not mail_goes_out():
        raise click.ClickException("No letter goes out, as SMTP_URL is not set.")
    with database():
        try:
            put_mail(db.session, TRIAL, to=address)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        db.session.commit()
    click.echo("The letter is in the outbox.")
