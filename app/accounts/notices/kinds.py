"""Every kind of notice: what it says, which facts it needs, and where to go. The one list that pages and letters read.

A sentence names its facts as ``%(name)s``. Besides, each kind may be told ``user_agent`` and ``address``: with what, and
from where, it was done. A fact is text, a number or an instant as ISO text, and never a secret, nor the name of a memory
or a question. Where an app is named it is by what it was called then.
"""

from collections.abc import Mapping

from msgspec import Struct

from app.sentences import _

#: What each kind may be told: the browser's ``User-Agent`` and its network address.
BY_WHAT = ("user_agent", "address")

_APP = "/account/apps/%(grant_id)s/"
_PASSWORD = "/account/settings/password/"
_SIGN_IN = "/account/settings/sign-in/"
_SETTINGS = "/account/settings/"
_SESSIONS = "/account/sessions/"


class Kind(Struct, frozen=True):
    """One kind. ``way`` is where to look at it, ``advice`` what to do if it was somebody else.

    ``choice`` is what the person can turn off, said as a thing; None for what is told in any case.
    """

    title: str
    told: str
    facts: tuple[str, ...]
    way: str
    leads_to: str
    advice: str = ""
    choice: str | None = None
    #: Which of the facts are instants, as ISO text.
    instants: tuple[str, ...] = ()


_NOT_ME = _("If this was not you, change your password and look at your sessions.")
# Who has set it up is asked for it from then on, and whoever has not cannot get past it: the first one is told by a letter
# with a way back.
_NOT_MY_STEP = _(
    "If this was not you, remove it there, and change your password. If you are asked for a step that you do not have,"
    " look for our letter about a second step: its link takes that off your account, for a week. If there is none, write"
    " to whoever runs this server."
)

#: By name. Those without a ``choice`` are of security, and cannot be turned off.
KINDS: Mapping[str, Kind] = {
    "new_device": Kind(
        title=_("A new device signed in"),
        told=_("Somebody gave your password or another proof, in a browser that you had not signed in with before."),
        facts=("session_id",),
        way=_SESSIONS,
        leads_to=_("See where you are signed in"),
        advice=_("If this was not you, end that session there, and change your password."),
    ),
    "password_changed": Kind(
        title=_("Your password was changed"),
        told=_("You are signed out everywhere else."),
        facts=(),
        way=_PASSWORD,
        leads_to=_("Change your password"),
        advice=_NOT_ME,
    ),
    "password_reset": Kind(
        title=_("Your password was set anew by a link"),
        told=_("Somebody opened the link in a letter to your address. You were signed out everywhere."),
        facts=(),
        way=_SESSIONS,
        leads_to=_("See where you are signed in"),
        advice=_NOT_ME,
    ),
    "email_changed": Kind(
        title=_("Your e-mail address was changed"),
        told=_("It is %(email)s now. It was %(was)s."),
        facts=("was", "email"),
        way=_SETTINGS,
        leads_to=_("See your settings"),
        advice=_("If this was not you, the letter to the old address takes it back, for a week."),
    ),
    "email_taken_back": Kind(
        title=_("Your e-mail address was taken back"),
        told=_("It is %(email)s again."),
        facts=("email",),
        way=_SETTINGS,
        leads_to=_("See your settings"),
        advice=_NOT_ME,
    ),
    "first_step_taken_back": Kind(
        title=_("The second step at sign-in was taken off"),
        told=_(
            "Somebody opened the link in our letter about it. You were signed out everywhere, and the password ended."
        ),
        facts=(),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_ME,
    ),
    "passkey_added": Kind(
        title=_("A passkey was added"),
        told=_("It is called “%(name)s”. Whoever has it can sign in to your account."),
        facts=("name",),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_MY_STEP,
    ),
    "passkey_removed": Kind(
        title=_("A passkey was removed"),
        told=_("It was called “%(name)s”. It signs nobody in any more."),
        facts=("name",),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_ME,
    ),
    "passkey_refused": Kind(
        title=_("A passkey may have been copied"),
        told=_("“%(name)s” said that it had been used less often than we know. That sign-in was refused."),
        facts=("name",),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_("Remove that passkey there, and make a new one."),
    ),
    "totp_added": Kind(
        title=_("Codes from an app are asked at sign-in"),
        told=_("Whoever signs in with your password is asked for a code, too."),
        facts=(),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_MY_STEP,
    ),
    "totp_removed": Kind(
        title=_("Codes from an app are not asked any more"),
        told=_("The second step at sign-in with codes from an app was turned off."),
        facts=(),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_ME,
    ),
    "recovery_codes_made": Kind(
        title=_("New recovery codes were made"),
        told=_("The earlier ones do not work any more."),
        facts=(),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_ME,
    ),
    "recovery_code_used": Kind(
        title=_("A recovery code was used"),
        told=_("It took the place of the second step at sign-in. Unused codes: %(left)s."),
        facts=("left",),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_NOT_ME,
    ),
    "factors_reset": Kind(
        title=_("Your second step at sign-in was removed"),
        told=_("Whoever runs this server took away every passkey, authenticator app and recovery code that you had."),
        facts=(),
        way=_SIGN_IN,
        leads_to=_("See how you sign in"),
        advice=_("If you did not ask for this, write to whoever runs this server."),
    ),
    "exported": Kind(
        title=_("Everything of yours was taken out"),
        told=_("Somebody who was signed in downloaded a file with all that this account holds."),
        facts=(),
        way=_SESSIONS,
        leads_to=_("See where you are signed in"),
        advice=_NOT_ME,
    ),
    "deletion_asked": Kind(
        title=_("Your account is to be deleted"),
        told=_("It goes for good on %(day)s. Sign in before that to keep it."),
        facts=("day",),
        way="/sign-in",
        leads_to=_("Sign in"),
        instants=("day",),
    ),
    "deletion_called_off": Kind(
        title=_("Your account stays"),
        told=_("Somebody signed in and called off that it is deleted."),
        facts=(),
        way=_SESSIONS,
        leads_to=_("See where you are signed in"),
        advice=_NOT_ME,
    ),
    "replay": Kind(
        title=_("The access of %(app)s was used twice"),
        told=_(
            "Somebody else may have had a copy of it, so that we ended it. The app must ask you again. We write of it once"
            " a day at most; the app's page says how often it was."
        ),
        facts=("app", "grant_id"),
        way=_APP,
        leads_to=_("See what the app may do"),
        advice=_("If it happens again, end the app, and tell whoever makes it."),
    ),
    "new_app": Kind(
        title=_("%(app)s was connected"),
        told=_("It may now do what was allowed it."),
        facts=("app", "grant_id"),
        way=_APP,
        leads_to=_("See what the app may do"),
        advice=_("If this was not you, end it there, and change your password."),
        choice=_("An app is connected"),
    ),
    # Whoever is talked into entering a stranger's code has often allowed the app before, and sees nothing new of it.
    "app_device": Kind(
        title=_("A device of %(app)s was connected"),
        told=_("Its code was entered in your account. It may do what you have allowed the app."),
        facts=("app", "grant_id"),
        way=_APP,
        leads_to=_("See what the app may do"),
        advice=_("If it is no device of yours, or somebody sent you its code, end the app there."),
        choice=_("A device of an app that you have allowed before is connected"),
    ),
    "consent_ends": Kind(
        title=_("%(app)s is about to end"),
        told=_("What you allowed it ends by itself on %(ends_at)s, unless you keep it."),
        facts=("app", "grant_id", "ends_at"),
        way=_APP,
        leads_to=_("Keep it, or let it end"),
        choice=_("What you allow an app is about to end"),
        instants=("ends_at",),
    ),
}
