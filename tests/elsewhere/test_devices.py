"""Command lines that connect themselves by a code, with libraries that others wrote; their person has a real browser."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from tests.elsewhere.programs import need, place_go, place_node
from tests.journeys.conftest import callback, demonstration, page
from tests.journeys.walk import ALICE, choose, follow, register_television, sign_in

__all__ = ["callback", "demonstration", "page"]

_PROGRAMS = Path(__file__).resolve().parent / "devices"
_DEVICES = {"openid-client": ("device.mjs", place_node, ("node", "npm")), "go": ("main.go", place_go, ("go",))}


@pytest.mark.parametrize("press", ["Authorize", "Cancel"])
@pytest.mark.parametrize("library", _DEVICES)
def test_a_command_line_connects_itself(server, demonstration, page, tmp_path, library, press):
    file, place, programs = _DEVICES[library]
    if lacking := need(*programs):
        pytest.skip(lacking)
    command = place({file: (_PROGRAMS / file).read_text()}, tmp_path)
    environment = os.environ | {"ISSUER": server.url, "CLIENT_ID": register_television(server)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as program:
        page.goto(program.stdout.readline().strip())
        sign_in(page, ALICE, demonstration.passwords[ALICE])
        follow(page.get_by_role("button", name="Yes, my device shows this code"))
        choose(page, "Recipes")
        follow(page.get_by_role("button", name=press))
        ended = "Done: go back to your device" if press == "Authorize" else "Nothing was shared"
        page.get_by_role("heading", name=ended).wait_for()
        told = program.stdout.read().strip()
    if press == "Cancel":
        assert told == "access_denied"
        return
    shown = requests.get(f"{server.url}/api/me/", headers={"Authorization": f"Bearer {told}"}, timeout=10).json()
    assert shown["consent"]["scope"] == "memories:read"
