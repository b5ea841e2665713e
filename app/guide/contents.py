"""What the guide holds: its pages and their sections, in the order of reading."""

from msgspec import Struct

from app.guide.libraries import LIBRARIES
from app.sentences import _


class Page(Struct, frozen=True):
    """One page. ``slug`` is the last part of its address, ``sections`` are pairs of anchor and heading.

    ``summary`` says in a sentence what it is for, to whoever chooses what to read.
    """

    slug: str
    title: str
    summary: str
    sections: tuple[tuple[str, str], ...]
    #: Whether it has examples that hold an app's values.
    has_examples: bool = True

    @property
    def name(self) -> str:
        """What its template and its Markdown form are called."""
        return self.slug or "five-steps"


PAGES = (
    Page(
        "",
        _("The five steps"),
        _(
            "The whole web flow, from the button in your app to the first call of the API, in curl, Python and JavaScript."
        ),
        (
            ("before-you-begin", _("Before you begin")),
            ("step-1", _("1. Send the user to authorize")),
            ("step-2", _("2. The user picks mementos")),
            ("step-3", _("3. They come back with a code")),
            ("step-4", _("4. Exchange the code")),
            ("step-5", _("5. Call the API")),
            ("in-a-framework", _("All five in a web framework")),
        ),
    ),
    Page(
        "scopes-and-mementos",
        _("Scopes and mementos"),
        _("What to ask for, what people pick, what the token says about it, and how to search and save."),
        (
            ("scopes", _("Choosing scopes")),
            ("mementos", _("Mementos, and what the token says about them")),
            ("changes", _("When the person changes their choice")),
            ("searching", _("Searching")),
            ("saving", _("What your app saves")),
        ),
    ),
    Page(
        "tokens",
        _("Tokens"),
        _("Client credentials, refresh and rotation, introspection, and signing out."),
        (
            ("client-credentials", _("Client credentials")),
            ("refresh", _("Refresh and rotation")),
            ("introspection", _("Asking about a token")),
            ("revocation", _("Signing out")),
        ),
    ),
    Page(
        "when-access-changes",
        _("When access changes"),
        _("What an app sees when its person pauses it, narrows it or ends it, and how it asks introspection."),
        (
            ("at-once", _("Every call asks anew")),
            ("answers", _("Paused, narrowed, ended: the answers")),
            ("asking", _("Asking introspection")),
            ("what-to-do", _("What your app does then")),
        ),
    ),
    Page(
        "devices",
        _("Devices"),
        _("How a television, a command line or whatever else has no browser gets a token: it shows a code."),
        (
            ("when", _("What it is for")),
            ("ask-for-a-code", _("Asking for a code")),
            ("wait", _("Waiting for the person")),
            ("people", _("What people see")),
        ),
    ),
    Page(
        "libraries",
        _("Libraries"),
        _("Ready snippets for nine libraries, each with what it does otherwise than you would expect."),
        (
            ("all", _("What holds for all of them")),
            *((one.name, one.title) for one in LIBRARIES),
        ),
    ),
    Page(
        "connect-an-agent",
        _("Connect an agent"),
        _("How a person connects Claude, ChatGPT, VS Code, Cursor or any other MCP client, and ends it again."),
        (
            ("address", _("The address")),
            ("claude", _("Claude, on the web and the desktop")),
            ("claude-code", _("Claude Code")),
            ("chatgpt", _("ChatGPT")),
            ("vs-code", _("VS Code")),
            ("cursor", _("Cursor")),
            ("any-client", _("Any other MCP client")),
            ("what-you-see", _("What you see, and how to end it")),
        ),
        has_examples=False,
    ),
    Page(
        "errors",
        _("Errors"),
        _("Each error that an app or a person can meet, what it means and what to do."),
        (
            ("pages", _("Pages that people see")),
            ("authorize", _("Errors that come back to your redirect URI")),
            ("pushed", _("Errors of a pushed request")),
            ("device", _("Errors of a device's request")),
            ("token", _("Errors of the token endpoint")),
            ("registration", _("Errors of registration")),
            ("api", _("Errors of the API")),
        ),
    ),
    Page(
        "apps-and-addresses",
        _("Apps and addresses"),
        _(
            "Native and browser apps, pushed requests, apps that sign, discovery, the API's description, and apps written for"
            " Rememberizer."
        ),
        (
            ("native-apps", _("Native apps and loopback ports")),
            ("browser-apps", _("Browser apps and request origins")),
            ("pushed-requests", _("Pushed requests")),
            ("signing", _("Signing in place of a secret")),
            ("discovery", _("Discovery")),
            ("openapi", _("The API's description")),
            ("rememberizer", _("Apps written for Rememberizer")),
        ),
    ),
    Page(
        "resource-servers",
        _("Services elsewhere"),
        _("How a memory service of your own takes our tokens and holds to mementos, with a small one."),
        (
            ("what-it-is", _("What it is for")),
            ("register-it", _("Register it")),
            ("get-a-token", _("How apps get a token for it")),
            ("ask", _("Asking what a token may do")),
            ("a-small-service", _("A small memory service")),
        ),
    ),
)


def find_section(guess: str) -> tuple[Page, str] | None:
    """Returns the page and the anchor that somebody means who takes a section, or the first page's title, for an address."""
    if guess == PAGES[0].name:
        return PAGES[0], ""
    sections = ((page, anchor) for page in PAGES for anchor, _heading in page.sections)
    return next((found for found in sections if found[1] == guess), None)


def find_page(slug: str) -> Page | None:
    """Returns the page with this slug."""
    return next((page for page in PAGES if page.slug == slug), None)
