"""Refusals of the device authorization grant (:rfc:`8628#section-3.5`).

Another client's device code is answered like one that never was.
"""

from app.oauth.refusals.page import DEVICE_OFF
from app.oauth.refusals.reason import Reason
from app.oauth.refusals.row import GrantLine, Refusal
from app.sentences import _

_UNKNOWN = GrantLine(
    "unknown-device-code",
    "This client has no such device_code: send it as it came, and whole.",
    _(
        "It was cut off, is another app's, or was purged a while after it expired. Look whether two environments share"
        " a configuration, or begin again with another code."
    ),
)

#: reason -> its row.
ROWS = {
    Reason.DEVICE_NOT_ALLOWED: Refusal(
        "unauthorized_client",
        "This client is not registered for devices.",
        happened=_("The app asked for a device, and is not registered for devices."),
        fix=_(
            "Tick “Devices: people enter a code” under Settings. An app that registers itself, or has a document, names"
            " urn:ietf:params:oauth:grant-type:device_code in its grant_types."
        ),
        page=DEVICE_OFF,
    ),
    Reason.DEVICE_TOO_MANY: Refusal(
        "too_many_requests",
        "Too many devices ask for a code: try again in {seconds} seconds.",
        happened=_("Too many devices asked for a code within ten minutes, from one address or of this app's server."),
        fix=_(
            "Ask for a code when a person wants to connect a device, and not before; ask once, and wait for the answer."
        ),
        in_general=_(
            "Devices asked for more than sixty codes within ten minutes from one address, or an app's server for more"
            " than five thousand."
        ),
    ),
    Reason.DEVICE_CODE_MISSING: Refusal(
        "invalid_request",
        "The parameter 'device_code' is missing.",
        happened=_("The parameter device_code is missing."),
        fix=_("Send the device_code that came with the code for the person."),
    ),
    Reason.DEVICE_PENDING: Refusal(
        "authorization_pending",
        "The person has not decided yet: ask again in {seconds} seconds.",
        happened=_("The person had not decided yet."),
        fix=_("Nothing is wrong: ask again after as many seconds as interval said, until the code has expired."),
    ),
    Reason.DEVICE_SLOW_DOWN: Refusal(
        "slow_down",
        "That was too soon: wait {seconds} seconds between two questions from now on.",
        happened=_("The device asked sooner than it was told to."),
        fix=_(
            "Wait as many seconds as interval said between two questions, and five more after each slow_down; where it"
            " is missing, five."
        ),
    ),
    Reason.DEVICE_DENIED: Refusal(
        "access_denied",
        "The person has not allowed it.",
        happened=_("The person pressed Cancel, or what was asked for could not be allowed any more."),
        fix=_("Say on the device that it works without, or how to begin again."),
    ),
    Reason.DEVICE_EXPIRED: Refusal(
        "expired_token",
        "The device_code has expired: ask for another one.",
        happened=_("The code had expired before anybody entered it, or before the device asked again."),
        fix=_("Show a button that asks for another code; do not ask for one by itself, as nobody may be there."),
    ),
    Reason.DEVICE_CODE_UNKNOWN: Refusal.of_grant(
        _UNKNOWN,
        happened=_("This server did not issue that device_code, or it expired long ago."),
        fix=_("Send the device_code as it came, whole. What the person enters is the user_code."),
    ),
    Reason.DEVICE_CODE_OF_ANOTHER_CLIENT: Refusal.of_grant(
        _UNKNOWN,
        happened=_("The device_code was issued to another client_id."),
        fix=_("Use one client_id for both requests; look whether two environments share a configuration."),
    ),
    Reason.DEVICE_CODE_MISTAKEN: Refusal.of_grant(
        GrantLine(
            "no-device-code",
            "That is {kind}, not a device_code.",
            _("Two values are stored under each other's name. The device_code came with the code for the person."),
        ),
        happened=_("What was sent as device_code is another kind of credential. %(detail)s"),
        fix=_("Send the device_code that came with the code for the person."),
    ),
    Reason.DEVICE_CODE_USED: Refusal.of_grant(
        GrantLine(
            "used-device-code",
            "The device_code was redeemed before, so every token that came from it has ended.",
            _(
                "It came once more after it had got its tokens. Stop asking at the first answer with tokens, and keep them."
            ),
        ),
        happened=_("The device_code was redeemed before, so every token that came from it has ended."),
        fix=_(
            "Stop asking at the first answer with tokens, and look for a second process that asks with the same code."
        ),
    ),
}
