"""The pages that a person sees when an authorization request cannot go on, and what the guide says of each."""

from typing import Final

from msgspec import Struct

from app.sentences import _


class ErrorPage(Struct, frozen=True):
    """One page. The ``title`` may name the app: ``%(name)s``. ``shown`` is for whoever reads the page.

    ``happened`` and ``fix`` are the guide's, for whoever builds the app; both are empty where the reasons that lead to the
    page have their own. In ``shown``, ``%(why)s`` is what the row of the reason says to the person.
    """

    status: int
    title: str
    shown: str
    happened: str = ""
    fix: str = ""


#: For a ``client_id`` that is missing or none of ours, also of an app that was deleted meanwhile.
UNKNOWN_APP: Final = ErrorPage(
    400,
    _("We do not know this app"),
    shown=_(
        "Nothing was shared. The link that brought you here names an app that is not registered with us, or not any"
        " more. If it is an assistant to which you have given our address, remove the connection there and add it again:"
        " then it registers anew. Otherwise go back to the app and tell its makers that its client ID is not right."
    ),
    happened=_("The client_id is missing, or none that is registered here, or not any more."),
    fix=_(
        "Copy it from the app's credentials; one that registers itself registers anew, as what nobody allows anything is"
        " removed after a week. Nothing is sent back, because nobody could say to whom."
    ),
)
NO_WAY_BACK: Final = ErrorPage(
    400,
    _("This link does not lead back to %(name)s"),
    shown=_("Nothing was shared. %(why)s Go back to the app and tell its makers."),
)
#: For the reference of a request that its app has pushed, whatever is wrong with it.
SPENT_LINK: Final = ErrorPage(
    410,
    _("This link does not work, or not any more"),
    shown=_(
        "Nothing is shared by opening it. A link like this works for a few minutes, and only in the browser that opened"
        " it first. Go back to the app and start again from there."
    ),
)
#: For whoever comes back without the nonce that they were given a moment ago.
NO_COOKIES: Final = ErrorPage(
    400,
    _("Your browser takes no cookies"),
    shown=_(
        "Nothing was shared. We know your browser by a cookie, and it has not brought the one that we gave it. Let it take"
        " cookies from here, and try again."
    ),
    happened=_("A pushed request was opened by a browser, or a program, that keeps no cookies."),
    fix=_("Nothing of the request is used up by that: the person opens the same address in a browser that keeps them."),
)
SWITCHED_OFF: Final = ErrorPage(
    400,
    _("%(name)s is switched off for now"),
    shown=_(
        "Nothing was shared. Whoever looks after this app has switched it off here, or not switched it on yet."
        " Try again later, or ask its makers."
    ),
)
#: For an app whose people have switched devices off since its device asked.
DEVICE_OFF: Final = ErrorPage(
    400,
    _("%(name)s connects no devices any more"),
    shown=_(
        "Nothing was shared. Whoever looks after this app does not let devices be connected by a code now. You can close"
        " this page; ask the app's makers if you need it."
    ),
)
#: For the page of a device's request, whose code lasts as long as the device waits.
DEVICE_EXPIRED: Final = ErrorPage(
    410,
    _("The code of your device has expired"),
    shown=_("Nothing was shared. Start again on your device: it shows another code then."),
    happened=_("A device waited, and its code lasted no longer than {request_minutes} minutes in all."),
    fix=_("Let the person ask for another code on the device."),
)
#: For the page that told how a device's request ended: a tab that is restored long after must not deny what was shared.
DEVICE_FORGOTTEN: Final = ErrorPage(
    410,
    _("This page has been taken down"),
    shown=_(
        "How it ended with a device is told for a day, in the browser in which it was decided. What your apps may see"
        " stands in your account, under “Connected apps”."
    ),
    happened=_("The last page of connecting a device was opened again, more than a day later or in another browser."),
    fix=_("Nothing: the device is told how it ended by the token endpoint."),
)
#: For an app that says who it is by the address of a document, which says nothing that we could rely on.
DOCUMENT_ADDRESS: Final = ErrorPage(
    400,
    _("We cannot tell who this app is"),
    shown=_(
        "Nothing was shared. The app says who it is by an address that we do not read. Go back to the app and tell its"
        " makers."
    ),
)
DOCUMENT_DENIED: Final = ErrorPage(
    403,
    _("Apps of %(name)s are not let in here"),
    shown=_("Nothing was shared. Whoever runs this site has decided so. Ask them, if you need this app."),
)
DOCUMENT_UNREAD: Final = ErrorPage(
    400,
    _("We could not find out who this app is"),
    shown=_(
        "Nothing was shared. %(name)s should tell us about the app, and did not. Try again later; if it stays so, tell"
        " the app's makers."
    ),
)
DOCUMENT_WITHDRAWN: Final = ErrorPage(
    400,
    _("%(name)s does not know this app any more"),
    shown=_(
        "Nothing was shared, and what you allowed the app before does not work for now. Ask its makers; what it could"
        " see, and what it did, stands in your account."
    ),
)
DOCUMENT_REFUSED: Final = ErrorPage(
    400,
    _("What %(name)s tells about this app cannot be right"),
    shown=_("Nothing was shared. Go back to the app and tell its makers."),
)
DOCUMENT_BUSY: Final = ErrorPage(
    503,
    _("Please try again in a moment"),
    shown=_("Nothing was shared. We are finding out about other apps just now, and have not come to this one yet."),
)
DOCUMENT_TOO_MANY: Final = ErrorPage(
    429,
    _("Please wait a minute"),
    shown=_("Nothing was shared. You have tried several new apps within a minute. Try this one again in a minute."),
)
EXPIRED: Final = ErrorPage(
    410,
    _("This request has expired"),
    shown=_(
        "Nothing was shared. Requests wait for a few minutes only, in the browser that began them, and end with"
        " their app. Go back to the app and start again from there."
    ),
    happened=_(
        "The person took longer than {request_minutes} minutes for one step and closed its page, or {most_minutes}"
        " in all, or went on in another browser."
    ),
    fix=_("Send them to authorize again, with a new state and a new code_challenge."),
)
ALREADY_ANSWERED: Final = ErrorPage(
    410,
    _("This request was already answered"),
    shown=_(
        "The answer went back to the app: in another tab, or by itself, where the app was allowed before. Go on in"
        " the tab with the app. If the app is still waiting there, start again from it."
    ),
    happened=_("An answer went back to your app before, perhaps from another tab, or they used the Back button."),
    fix=_("Nothing, if your app has its code. Otherwise start again."),
)
OTHER_ACCOUNT: Final = ErrorPage(
    403,
    _("This request belongs to another account"),
    shown=_("It was begun by somebody else in this browser. Go back to the app and start again."),
    happened=_("Somebody else began it in this browser."),
    fix=_("Start again; do not reuse an authorize link for several people."),
)
SIGN_IN_FIRST: Final = ErrorPage(
    429,
    _("Please sign in first"),
    shown=_(
        "What the app sends along is too long to be kept for somebody whom we do not know yet. Sign in here,"
        " then go back to the app and start again from there."
    ),
    happened=_(
        "The request is longer than 8 kB, or twenty wait at the sign-in for the same network and it is too long"
        " to travel along in an address."
    ),
    fix=_(
        "Send less, most likely in state: keep the rest in the person's session. They can also sign in and start again."
    ),
)

#: In the order in which the guide tells of them.
PAGES: Final = (
    UNKNOWN_APP,
    NO_WAY_BACK,
    SWITCHED_OFF,
    SPENT_LINK,
    NO_COOKIES,
    EXPIRED,
    ALREADY_ANSWERED,
    DEVICE_EXPIRED,
    DEVICE_FORGOTTEN,
    DEVICE_OFF,
    OTHER_ACCOUNT,
    SIGN_IN_FIRST,
    DOCUMENT_ADDRESS,
    DOCUMENT_DENIED,
    DOCUMENT_UNREAD,
    DOCUMENT_WITHDRAWN,
    DOCUMENT_REFUSED,
    DOCUMENT_BUSY,
    DOCUMENT_TOO_MANY,
)
