"""What a person does on our screens, with a real browser."""

from playwright.sync_api import Locator, Page

ALICE, BOB = "alice@example.com", "bob@example.com"


def follow(control: Locator) -> None:
    """Press a link or a form's button, and be on the page it leads to: a click alone returns before that."""
    with control.page.expect_navigation():
        control.click()


def sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the sign-in form that is shown."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    follow(page.get_by_role("button", name="Sign in", exact=True))


def choose(page: Page, *memento_names: str) -> None:
    """Tick mementos on the picker and go on."""
    for name in memento_names:
        page.get_by_role("checkbox", name=name).check()
    follow(page.get_by_role("button", name="Continue").last)


def authorize(page: Page) -> None:
    """Sign the summary."""
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()


def allow(page: Page, authorization_url: str, *, email: str, password: str, mementos: tuple[str, ...]) -> None:
    """All of it, from the app's link to back at the app."""
    page.goto(authorization_url)
    if "/sign-in" in page.url:
        sign_in(page, email, password)
    if "/mementos" in page.url:
        choose(page, *mementos)
    if "/consent" in page.url:
        authorize(page)
