"""When an app needs a scope; what the scopes are called and what people read is in ``app.scopes``."""

from app.sentences import _

#: scope -> (when to ask for it, which calls it opens).
ADVICE = {
    "memories:read": (
        _(
            "Your app answers, summarizes or shows from what people know. It sees the mementos they picked and no others."
        ),
        "GET memories/, memories/{id}/, documents/, documents/search/, documents/agentic_search/,"
        " documents/{id}/contents/, discussions/{id}/contents/, common-knowledge/subscribed-list/;"
        " POST documents/agentic_search/",
    ),
    "memories:write": (
        _(
            "Your app keeps something for people. It may always change what it added itself; the rest only where they"
            " ticked that."
        ),
        "POST memories/, memories/bulk/, documents/memorize/, mementos/; PATCH and DELETE memories/{id}/;"
        " DELETE mementos/{id}/; POST and DELETE mementos/memento_document/{id}/",
    ),
    "integrations:read": (
        _("Your app shows where an answer came from, or how fresh a source is."),
        "GET integrations/, integrations/{id}/",
    ),
    "integrations:write": (
        _(
            "Your app is itself a source that brings memories in. Few apps are; people hesitate here. It"
            " deletes a source with the memories in it only where it may delete those."
        ),
        "POST integrations/; PATCH and DELETE integrations/{id}/",
    ),
    "profile": (
        _(
            "Your app greets people by name, or has accounts of its own. Without it /api/me/ tells it an id, which stays"
            " the same, and what they allowed."
        ),
        "GET /api/me/: name, email, email_verified, organization",
    ),
}
