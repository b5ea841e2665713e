"""The pages on which a person connects a device (:rfc:`8628#section-3.3`): entering its code, and how it has ended.

Whoever enters a code that somebody sends them connects that one's device. So a code that came with the address is shown,
and the person says that their device shows it; and a guess is counted before it is looked at.
"""

from flask import make_response, redirect, render_template, url_for
from flask import request as http_request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import StringField

from app.clients.models import Client
from app.consents.live import has_ended
from app.database.connections import Connection, connect
from app.extensions import db
from app.http.doors import STEP
from app.http.routes import Blueprint
from app.http.services import services
from app.limits.errors import TooManyAttempts
from app.limits.networks import network_of
from app.limits.table import ADDRESS_DEVICE_CODES, DEVICE_CODES
from app.oauth.authorization_request.device import claim_device_request
from app.oauth.authorization_request.user_codes import read_user_code
from app.oauth.endpoints.browser import bind_browser, find_or_make_browser, remember_browser
from app.oauth.endpoints.error_pages import device_expired_page, device_forgotten_page, other_account_page
from app.oauth.endpoints.keeping import continue_url
from app.oauth.endpoints.waiting import find_request_of_browser, sign_in_url
from app.oauth.tokens.code import find_authorization_code
from app.sentences import _, sentence_of

blueprint = Blueprint("device", __name__, door=STEP)

_MOST_TYPED = 100
_NO_CODE = _("A code has eight letters, none of them A, E, I, O, U or Y, as in WDJB-MJHT. Look at your device again.")
# The same for one that is another's by now, that has expired or was answered, and that never was.
_UNKNOWN = _(
    "No device waits with this code. Compare it with your device letter by letter; if it is the same, it has expired, or"
    " was entered before, here or elsewhere: start again on the device."
)


class DeviceCodeForm(FlaskForm):
    """The code that a device shows."""

    user_code = StringField(
        _("Code"),
        render_kw={
            "required": True,
            "autocomplete": "off",
            "autocapitalize": "characters",
            "inputmode": "text",
            "spellcheck": "false",
            "maxlength": _MOST_TYPED,
        },
    )


@blueprint.get("/device")
def enter_code() -> ResponseReturnValue:
    """Ask for the code; one that came with the address is filled in."""
    typed = http_request.args.get("user_code", "")[:_MOST_TYPED]
    if not current_user.is_authenticated:
        return _sign_in_first(typed)
    came = read_user_code(typed)
    page = make_response(_ask(DeviceCodeForm(formdata=None, data={"user_code": came or typed}), came=came is not None))
    known, browser = find_or_make_browser()
    # Before the code is sent: of two clicks at once each would else be of a browser of its own.
    return page if known else remember_browser(page, browser)


@blueprint.post("/device")
def find_device() -> ResponseReturnValue:
    """Take the device's request into this browser, for this person alone. Raises what a limit does."""
    form = DeviceCodeForm(formdata=http_request.form)
    typed = (form.user_code.data or "")[:_MOST_TYPED]
    if not current_user.is_authenticated:
        return _sign_in_first(typed)
    user_code = read_user_code(typed)
    if user_code is None:
        return _ask(form, error=_NO_CODE)
    known, browser = find_or_make_browser()
    try:
        with connect(db.engine) as connection:
            handle = _claim(connection, user_code, browser)
    except TooManyAttempts as error:
        page, _status = _ask(form, error=sentence_of(error))
        return page, 429, {"Retry-After": str(error.seconds)}
    if handle is None:
        return _ask(form, error=_UNKNOWN)
    response = make_response(redirect(continue_url(handle), 303))
    return response if known else bind_browser(response, handle, browser)


def _claim(connection: Connection, user_code: str, browser: str) -> str | None:
    """The handle of the request; None for a guess. What was right is given back: nobody is kept from their own devices."""
    limits, network = services().limits, network_of(http_request.remote_addr or "")
    counted = ((DEVICE_CODES, current_user.id), (ADDRESS_DEVICE_CODES, network))
    for limit, subject in counted:
        limits.take(limit, subject)
    handle = claim_device_request(connection, user_code, browser=browser, user_id=current_user.id)
    if handle is not None:
        for limit, subject in counted:
            limits.give_back(limit, subject)
    return handle


def _sign_in_first(typed: str) -> ResponseReturnValue:
    """The sign-in, which leads back here with the code kept."""
    return redirect(sign_in_url(url_for("device.enter_code", user_code=typed or None)), 303)


def _ask(form: DeviceCodeForm, *, came: bool = False, error: str | None = None) -> tuple[str, int]:
    if error is not None:
        form.user_code.errors = [error]
    page = render_template("oauth/device.html", form=form, came=came, account=current_user)
    return page, 400 if error else 200


@blueprint.get("/device/done")
def show_end() -> ResponseReturnValue:
    """How it has ended, for the browser in which it was decided."""
    handle = http_request.args.get("request", "")
    with connect(db.engine) as connection:
        waiting = find_request_of_browser(connection, handle)
        if waiting is None or waiting.device_digest is None:
            return device_forgotten_page()
        code = find_authorization_code(connection, waiting.device_digest)
    if current_user.is_authenticated and waiting.user_id not in (None, current_user.id):
        return other_account_page()
    if waiting.consumed_at is None:
        return device_expired_page() if waiting.is_expired() else redirect(continue_url(handle), 303)
    if code is not None and has_ended(code.consent_revoked_at, code.consent_expires_at):
        # Back, after the connection was ended: no device goes on by itself.
        return device_forgotten_page()
    client = db.session.get_one(Client, waiting.client_key)
    return render_template("oauth/device_done.html", client=client, is_allowed=code is not None)
