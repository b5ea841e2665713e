"""The picture that a phone's camera reads (a QR code), as an SVG that stands in the page itself."""

from io import BytesIO

from markupsafe import Markup


def draw_code(content: str) -> Markup:
    """Returns the picture, black on white in either colour scheme, since cameras expect that."""
    import segno

    picture = BytesIO()
    segno.make(content, error="m", micro=False).save(
        picture, kind="svg", xmldecl=False, svgns=False, scale=5, border=4, dark="#000", light="#fff", nl=False
    )
    return Markup(picture.getvalue().decode())
