"""What people read of an app that is known by a document, and what they are told when that says something else."""

from app.extensions import db
from tests.consents.events import list_events


def test_an_app_on_this_computer_is_only_said_to_be_its_site(claude, signed_in):
    text = claude.start(signed_in).text
    assert "says it is <bdi>claude.example</bdi>; the answer goes to" in text
    assert '<strong class="host">a program on this computer</strong>; we cannot check which' in text


def test_an_app_on_its_own_site_is_proved(claude, serve, signed_in):
    claude.redirect_uri = "https://app.claude.example/callback"
    serve(redirect_uris=[claude.redirect_uri])
    assert "proved to be <strong><bdi>claude.example</bdi></strong>" in claude.start(signed_in).text


def test_whoever_allowed_it_is_told_of_another_name_and_other_addresses(
    app, claude, serve, join, signed_in, alice, let_time_pass
):
    grant_id = join(signed_in)["grant_id"]
    serve(client_name="Google", redirect_uris=["http://127.0.0.1/callback"])
    let_time_pass(minutes=6)
    claude.redirect_uri = "http://127.0.0.1:3118/callback"
    page = claude.start(signed_in)
    assert "This app was called “<bdi>Claude Code</bdi>” when you allowed it." in page.text
    assert "Its answer now goes to" in page.text
    assert "This app was called “<bdi>Claude Code</bdi>”" in signed_in.get(f"/account/apps/{grant_id}/").text
    with app.app_context():
        (event,) = (one for one in list_events(db.session, alice.id) if one.kind == "changed")
    assert (event.actor, event.grant_id, event.changed) == (
        "app",
        grant_id,
        {
            "name": {"was": "Claude Code", "is": "Google"},
            "redirect_uris": {"added": [], "removed": ["http://localhost/callback"]},
        },
    )
