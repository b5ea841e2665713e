"""Which journey asks which endpoints."""

from io import BytesIO

import pytest
from PIL import Image

#: Journey -> the endpoints that it asks, as "endpoint METHOD".
JOURNEYS: dict[str, frozenset[str]] = {}


def journey(*endpoints: str):
    """Say which endpoints a test asks, and see to it that it does."""

    def mark(test):
        JOURNEYS[test.__name__] = frozenset(endpoints)
        return pytest.mark.usefixtures("asks_what_it_says")(test)

    return mark


def draw_png() -> bytes:
    """A picture that an app may have."""
    content = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(content, "PNG")
    return content.getvalue()
