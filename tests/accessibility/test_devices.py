"""The pages on which a person connects a device, as axe-core sees them."""

import requests

from tests.journeys.walk import ALICE, enter, follow, register_television


def test_connecting_a_device(look, page, server, demonstration):
    form = {"client_id": register_television(server)}
    codes = [
        requests.post(f"{server.url}/oauth/device_authorization", data=form, timeout=10).json()["user_code"]
        for _ in range(2)
    ]
    look("sign-in on the way to a device", server.url + "/device")
    enter(page, server, ALICE)
    look("device", server.url + "/device")
    page.get_by_label("Code").fill("BCDF-GHJK")
    follow(page.get_by_role("button", name="Continue"))
    look("device, a wrong code")
    page.get_by_label("Code").fill(codes[0].lower().replace("-", " "))
    follow(page.get_by_role("button", name="Continue"))
    look("device, choose")
    page.get_by_role("checkbox", name="Recipes").check()
    follow(page.get_by_role("button", name="Continue").last)
    look("device, consent")
    follow(page.get_by_role("button", name="Authorize"))
    look("device, done")
    look("device, its code came along", f"{server.url}/device?user_code={codes[1]}")
    follow(page.get_by_role("button", name="Yes, my device shows this code"))
    follow(page.get_by_role("button", name="Cancel"))
    look("device, cancelled")
    look("device, expired", server.url + "/device/done")
