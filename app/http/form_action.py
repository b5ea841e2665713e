"""Where the forms of a page may lead: to our own paths, and on the way of an authorization request on to its app."""

from flask import g

#: The end of the Content-Security-Policy of every page whose forms stay here.
STAY_HERE = "; form-action 'self'"


def let_forms_lead_to_app() -> None:
    """Send the page that is being made without ``form-action``: its form is answered by the way back to an app.

    Chromium holds ``form-action`` against the whole chain of redirects after a form, also against those that
    the app's own callback makes, which nobody here can know. So these pages name no address at all.

    What they do without is a second wall. ``form-action`` matters only once somebody's markup stands in a page of
    ours, with a form that sends what is typed elsewhere; and there is none: whatever a person, an app or an
    organization has named is escaped, scripts are our own files, ``base-uri`` keeps the forms' addresses ours, and
    ``frame-ancestors`` keeps the page out of other pages. Their forms name paths of ours alone; tests hold them to it.
    """
    g.forms_lead_to_app = True


def let_forms_stay_here() -> None:
    """Take :func:`let_forms_lead_to_app` back."""
    g.pop("forms_lead_to_app", None)


def form_action() -> str:
    """Returns the end of the present page's Content-Security-Policy."""
    return "" if g.get("forms_lead_to_app") else STAY_HERE
