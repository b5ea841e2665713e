"""Logos: looked at by content, drawn anew, and served as nothing but an image."""

import io
import re
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from app.audit.models import AuditEvent
from app.clients.models import ClientLogo
from app.extensions import csrf, db
from app.org.client import logo_views
from tests.actors import Browser
from tests.org.conftest import send
from tests.tables import each

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
TOO_LARGE = "512 KB is the most"
NO_IMAGE = "not a PNG, JPEG or WebP image"


def image(kind: str = "PNG", size: tuple[int, int] = (400, 300), mode: str = "RGB", **options) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, "teal" if mode.startswith("RGB") else 1).save(content, kind, **options)
    return content.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.fixture
def path(notebook) -> str:
    return f"/org/oauth/{notebook.client_id}"


@pytest.fixture
def upload(admin, path):
    return lambda content, name="logo.png", **fields: send(
        admin, f"{path}/logo", logo=(io.BytesIO(content), name), **fields
    )


def logo_address(browser: Browser, path: str) -> str | None:
    found = re.search(r'src="(/oauth/logos/[^"]+)"', browser.get(path).text)
    return found and found[1]


@each(
    "content",
    [
        image("PNG"),
        image("PNG", mode="RGBA"),
        image("PNG", mode="P"),
        image("PNG", mode="1"),
        image("JPEG"),
        image("JPEG", mode="L"),
        image("WEBP"),
        image("WEBP", size=(2048, 2048)),
        image("PNG", size=(1, 1)),
    ],
)
def test_image_becomes_a_small_png_of_our_own_drawing(admin, path, upload, content):
    assert upload(content, name="whatever.svg").status_code == 303

    response = Browser(admin.client.application).get(logo_address(admin, path))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "immutable" in response.headers["Cache-Control"]
    with Image.open(io.BytesIO(response.data)) as drawn:
        assert (drawn.format, max(drawn.size) <= 256) == ("PNG", True)


def test_nothing_of_the_file_but_its_picture_is_kept(app, admin, path, upload):
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "<script>alert(1)</script>")
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    for content in (image(pnginfo=text), image("JPEG", exif=exif, comment=b"where I live"), image() + b"<script>"):
        assert upload(content).status_code == 303
        with app.app_context():
            kept = db.session.query(ClientLogo).one().image
        assert b"script" not in kept
        assert b"where I live" not in kept


def test_picture_stands_as_its_orientation_says(app, admin, path, upload):
    exif = Image.Exif()
    exif[0x0112] = 6
    upload(image("JPEG", size=(200, 100), exif=exif))

    with app.app_context(), Image.open(io.BytesIO(db.session.query(ClientLogo).one().image)) as drawn:
        assert drawn.size == (100, 200)


@each(
    ("content", "status", "says"),
    [
        (b"", 400, "Choose an image file first"),
        (SVG, 400, NO_IMAGE),
        (b"<?xml version='1.0'?>" + SVG, 400, NO_IMAGE),
        (b"GIF89a" + b"\0" * 100, 400, NO_IMAGE),
        (image("GIF", mode="P"), 400, NO_IMAGE),
        (image("BMP"), 400, NO_IMAGE),
        (image("TIFF"), 400, NO_IMAGE),
        (image("PNG")[:60], 400, NO_IMAGE),
        (image("JPEG")[:200], 400, NO_IMAGE),
        (image("WEBP")[:40], 400, NO_IMAGE),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 1000, 400, NO_IMAGE),
        (bomb(2049, 1), 400, "too many pixels"),
        (bomb(60_000, 60_000), 400, NO_IMAGE),
        (bomb(2**31 - 1, 2**31 - 1), 400, NO_IMAGE),
        (b"x" * (512 * 1024 + 1), 400, TOO_LARGE),
        (b"x" * (700 * 1024), 413, TOO_LARGE),
    ],
)
def test_what_is_no_logo_changes_nothing_and_is_told_why(upload, stored, content, status, says):
    before = stored()

    page = upload(content)

    assert page.status_code == status
    assert says in page.text
    assert stored() == before


def test_nobody_who_writes_waits_for_a_slow_upload_or_for_the_drawing(app, upload, monkeypatch):
    """On SQLite there is one writer, and whoever uploads decides how long that takes."""

    def in_transaction(then):
        def called(*args, **kwargs):
            open_when_called.append(db.session().in_transaction())
            return then(*args, **kwargs)

        return called

    open_when_called = []
    monkeypatch.setattr(csrf, "protect", in_transaction(csrf.protect))
    monkeypatch.setattr(logo_views, "draw_logo", in_transaction(logo_views.draw_logo))

    assert upload(image()).status_code == 303
    assert set(open_when_called) == {False}


@pytest.mark.parametrize(("who", "status"), [("admin", 413), ("stranger", 303)])
def test_what_is_too_large_is_read_all_the_same(app, admin, path, upload, who, status):
    """Else the connection is cut off while the browser still sends, and the person never sees our answer."""
    content = io.BytesIO(b"x" * (700 * 1024))
    sender = admin if who == "admin" else Browser(app)
    response = sender._open(
        f"{path}/logo",
        method="POST",
        input_stream=content,
        content_length=700 * 1024,
        content_type="multipart/form-data; boundary=x",
    )
    assert response.status_code == status
    assert content.read() == b""


def test_field_that_is_no_file_changes_nothing(admin, path, stored):
    before = stored()

    assert send(admin, f"{path}/logo", logo="text").status_code == 400
    assert stored() == before


def test_logo_is_replaced_and_removed_and_each_is_recorded(app, admin, path, upload):
    upload(image())
    first = logo_address(admin, path)
    upload(image(size=(10, 10)))
    second = logo_address(admin, path)
    assert second != first
    assert admin.get(first).status_code == 404

    page = admin.follow(admin.submit(admin.get(f"{path}/settings"), press="Remove it"))

    assert "The logo was removed" in page.text
    assert admin.get(second).status_code == 404
    assert logo_address(admin, path) is None
    with app.app_context():
        kinds = [event.kind for event in db.session.query(AuditEvent).order_by(AuditEvent.occurred_at)]
        assert kinds[-3:] == ["client.logo_changed", "client.logo_changed", "client.logo_removed"]


def test_same_logo_again_is_no_change(admin, upload, stored):
    upload(image())
    before = stored()
    upload(image())
    assert stored() == before


def test_people_see_the_logo_where_they_decide(app, admin, notebook, alice, upload):
    upload(image())
    browser = Browser(app)
    browser.enter(alice)

    assert 'src="/oauth/logos/' in notebook.start(browser).text


@each("digest", ["0" * 64, "x", "%00", "%ff", "..%2f"])
def test_unknown_logo_is_not_found(admin, notebook, upload, digest):
    upload(image())
    assert admin.get(f"/oauth/logos/{notebook.client_id}/{digest}.png").status_code == 404
    assert admin.get(f"/oauth/logos/%00/{digest}.png").status_code == 404
