"""What the guide holds: its pages and their sections, in the order of reading."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``slug`` is the last part of its address, ``sections`` are pairs of anchor and heading."""

    slug: str
    title: str
    sections: tuple[tuple[str, str], ...]


PAGES = (
    Page(
        "",
        "The five steps",
        (
            ("before-you-begin", "Before you begin"),
            ("step-1", "1. Send the user to authorize"),
            ("step-2", "2. The user picks mementos"),
            ("step-3", "3. They come back with a code"),
            ("step-4", "4. Exchange the code"),
            ("step-5", "5. Call the API"),
            ("in-a-framework", "All five in a web framework"),
        ),
    ),
    Page(
        "scopes-and-mementos",
        "Scopes and mementos",
        (
            ("scopes", "Choosing scopes"),
            ("mementos", "Mementos, and what the token says about them"),
            ("changes", "When the person changes their choice"),
            ("searching", "Searching"),
            ("saving", "What your app saves"),
        ),
    ),
    Page(
        "tokens",
        "Tokens",
        (
            ("client-credentials", "Client credentials"),
            ("refresh", "Refresh and rotation"),
            ("introspection", "Asking about a token"),
            ("revocation", "Signing out"),
        ),
    ),
    Page(
        "errors",
        "Errors",
        (
            ("pages", "Pages that people see"),
            ("authorize", "Errors that come back to your redirect URI"),
            ("token", "Errors of the token endpoint"),
            ("api", "Errors of the API"),
        ),
    ),
    Page(
        "apps-and-addresses",
        "Apps and addresses",
        (
            ("native-apps", "Native apps and loopback ports"),
            ("browser-apps", "Browser apps and request origins"),
            ("discovery", "Discovery"),
            ("openapi", "The API's description"),
            ("rememberizer", "Apps written for Rememberizer"),
        ),
    ),
)


def find_section(guess: str) -> tuple[Page, str] | None:
    """The page and the anchor that somebody means who takes a section, or the first page's title, for an address."""
    if guess == "five-steps":
        return PAGES[0], ""
    sections = ((page, anchor) for page in PAGES for anchor, _ in page.sections)
    return next((found for found in sections if found[1] == guess), None)


def find_page(slug: str) -> Page | None:
    """The page with this slug."""
    return next((page for page in PAGES if page.slug == slug), None)
