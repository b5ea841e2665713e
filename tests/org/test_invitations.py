"""Links that lead into an organization, by hand and by letter: each works once, for whoever it is for."""

import re
from datetime import timedelta

import pytest

from app import clock, credentials
from app.accounts.disabling import disable_account, enable_account
from app.accounts.models import Invitation, User
from app.accounts.organizations import find_organization
from app.accounts.users import normalize_email, spell_out
from app.extensions import db
from tests.accounts.test_sign_up import HONEST, sign_up
from tests.actors import Browser
from tests.org.conftest import MEMBERS, give_role, in_acme, invite, kinds, role_of, send, signed_in
from tests.tables import each


@pytest.fixture
def let_time_pass(monkeypatch):
    """Move the clock on, by what ``timedelta`` takes."""
    real = clock.now

    def wait(**duration) -> None:
        monkeypatch.setattr("app.clock.now", lambda: real() + timedelta(**duration))

    return wait


def link_in(page) -> str:
    return re.search(r'id="invitation-link">http://127\.0\.0\.1:8000(/org/oauth/join/rlq_in_[0-9a-f]{64})<', page.text)[
        1
    ]


def test_link_is_shown_once_and_kept_as_a_digest(app, admin, stored):
    page = invite(admin)

    token = link_in(page).rsplit("/", 1)[1]
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    assert token not in stored(everything=True)
    assert token not in admin.get(MEMBERS).text
    with app.app_context():
        kept = db.session.query(Invitation).one()
        assert (kept.digest, kept.role, kept.label) == (credentials.digest(token), "member", "Dora")
        assert (kept.expires_at - kept.created_at).total_seconds() == pytest.approx(7 * 24 * 3600, abs=5)
    assert "member.invited" in kinds(app)
    assert token not in admin.get("/org/oauth/audit.jsonl").text


def test_whoever_follows_the_link_joins_and_works_there_at_once(app, admin, leon, notebook):
    link = link_in(invite(admin, role="admin"))
    browser = signed_in(app, leon)

    page = browser.get(link)
    assert "Bob Baker" in page.text and "Acme" in page.text
    assert role_of(app, leon) is None
    page = browser.follow(browser.submit(page, press="Join"))

    assert "You belong to Acme now" in page.text
    assert "Acme Notebook" in page.text
    assert role_of(app, leon) == "admin"
    assert kinds(app)[-1] == "member.joined"


def test_whoever_has_joined_by_a_link_is_led_there_by_it_again(app, admin, leon, carol):
    link = link_in(invite(admin))
    browser = signed_in(app, leon)
    page = browser.get(link)
    assert browser.submit(page, press="Join").status_code == 303
    for answer in (browser.get(link), browser.submit(page, press="Join")):
        assert (answer.status_code, answer.location) == (303, "/org/oauth/")
    assert "You belong to" in browser.follow(answer).text
    assert "Acme" not in signed_in(app, carol).get(link).text


def test_link_works_once(app, admin, leon, carol, stored):
    link = link_in(invite(admin))
    first, second = signed_in(app, leon), signed_in(app, carol)
    page = second.get(link)
    first.submit(first.get(link), press="Join")
    before = stored()

    assert second.submit(page, press="Join").status_code == 410
    assert second.get(link).status_code == 410
    assert stored() == before


def test_link_leads_through_sign_in(app, admin, browser, leon):
    link = link_in(invite(admin))

    page = browser.follow(browser.get(link))
    response = browser.submit(page, email=leon.email, password=leon.password)

    assert response.location == link
    browser.submit(browser.follow(response), press="Join")
    assert role_of(app, leon) == "member"


def test_link_leads_through_sign_up(app, admin, browser):
    link = link_in(invite(admin))
    page = browser.follow(browser.get(link))
    sign_up = re.search(r'href="(/sign-up\?next=[^"]+)"', page.text)[1]
    page = browser.get(sign_up.replace("&amp;", "&"))

    response = browser.finish_sign_up(page, "dora@example.org", password="the password of D.D.")

    assert response.location == link
    page = browser.follow(browser.submit(browser.get(link), press="Join"))
    assert "Apps of Acme" in page.text


def send_letter(browser: Browser, email: str, role: str = "member"):
    return browser.submit(
        browser.get(MEMBERS), press="Send the invitation", **{"letter-email": email, "letter-role": role}
    )


def test_an_invitation_goes_by_letter_and_its_link_is_shown_to_nobody_here(app, admin, leon, sent_mail, stored):
    page = admin.follow(send_letter(admin, leon.email.upper(), "admin"))
    assert "An invitation is on its way to" in page.text and "rlq_in_" not in page.text
    [letter] = sent_mail()
    link = letter.link("/org/oauth/join/")
    assert letter.to == leon.email and "Acme" in letter.text and "bob@acme.example" in letter.text
    assert link.rsplit("/", 1)[1] not in stored(everything=True)
    browser = signed_in(app, leon)
    browser.submit(browser.get(link), press="Join")
    assert role_of(app, leon) == "admin"


def test_an_invitation_by_letter_says_the_same_of_every_address(app, admin, leon, carol, sent_mail):
    """Who is invited may have an account, or none, or belong to the organization already."""
    pages = []
    for email in (leon.email, "nobody@acme.example", "alice@acme.example"):
        answer = send_letter(admin, email)
        assert (answer.status_code, answer.location) == (303, "/org/oauth/members")
        pages.append(re.search(r"An invitation is on its way to [^.]*", admin.get(MEMBERS).text)[0])
    assert len(pages) == 3
    assert [letter.subject for letter in sent_mail()] == ["An invitation at Reliquary"] * 3


def test_a_letter_that_an_invitation_ended_before_does_not_go_out(app, admin, sent_mail):
    send_letter(admin, "dora@example.org")
    with app.app_context():
        db.session.query(Invitation).one().revoked_at = clock.now()
        db.session.commit()
    assert sent_mail() == []


def test_whose_own_address_is_not_confirmed_sends_no_invitations(app, admin, bob, sent_mail):
    with app.app_context():
        db.session.get_one(User, bob.id).email_verified_at = None
        db.session.commit()
    answer = send_letter(admin, "dora@example.org")
    assert answer.status_code == 403 and "Confirm your own address first" in answer.text
    # By hand it still goes.
    assert link_in(invite(admin))
    assert sent_mail() == []


def test_an_organization_that_is_called_like_a_link_is_not_named_in_a_letter(app, admin, sent_mail):
    with app.app_context():
        find_organization("acme").name = "Win at evil.example"
        db.session.commit()
    send_letter(admin, "dora@example.org")
    [letter] = sent_mail()
    assert "evil" not in letter.subject + letter.text + letter.html


# Its host is in Cyrillic, but for the ending.
_LOOKALIKE = "bob@\u0430\u0441\u043c\u0435.example"


def test_a_host_that_looks_like_another_is_spelled_out_where_somebody_decides_by_it(app, admin, bob, leon, sent_mail):
    with app.app_context():
        user = db.session.get_one(User, bob.id)
        user.email = normalize_email(_LOOKALIKE)
        user.email_verified_at = user.created_at
        db.session.commit()
    spelled = spell_out(normalize_email(_LOOKALIKE))
    assert spelled.startswith("bob@xn--") and spell_out(spelled) == spelled
    send_letter(admin, "dora@example.org")
    [letter] = sent_mail()
    page = signed_in(app, leon).get(link_in(invite(admin)))
    for told in (letter.text, letter.html, page.text, admin.get(MEMBERS).text):
        assert spelled in told and normalize_email(_LOOKALIKE) not in told


def test_whoever_has_not_confirmed_an_address_has_no_name_but_their_own_word(app, admin, bob, leon):
    """Anybody may be called anything: a name alone says nothing of who invites."""
    link, browser = link_in(invite(admin)), signed_in(app, leon)
    assert bob.email in browser.get(link).text
    with app.app_context():
        db.session.get_one(User, bob.id).email_verified_at = None
        db.session.commit()
    page = browser.get(link).text
    assert "calls themselves" in page and bob.email not in page


def test_nobody_sends_more_than_fifty_invitations_an_hour(app, admin, sent_mail, monkeypatch):
    acme = in_acme(app)
    for number in range(50):
        # What the form on the page sends.
        letter = {"letter-email": f"dora{number}@example.org", "letter-role": "member", "letter-once": f"{number:032}"}
        assert send(admin, MEMBERS + "/invite/letter", organization=acme, **letter).status_code == 303
    answer = send_letter(admin, "dora50@example.org")
    assert answer.status_code == 429 and "Retry-After" in answer.headers


def test_so_many_invitations_wait_at_most(admin, sent_mail, monkeypatch):
    monkeypatch.setattr("app.accounts.invitations.MOST_OPEN", 1)
    assert invite(admin).status_code == 200
    by_letter = send_letter(admin, "dora@example.org")
    for page in (invite(admin), by_letter):
        assert page.status_code == 400 and "1 invitations are open. Withdraw some first, or wait." in page.text
    assert sent_mail() == []


def test_invitations_keep_nobody_from_signing_up(app, admin, sent_mail):
    """Else whoever has an organization would keep an address from ever getting an account of its own."""
    for _ in range(10):
        assert send_letter(admin, HONEST["email"]).status_code == 303
    assert send_letter(admin, HONEST["email"]).status_code == 429
    assert sign_up(Browser(app)).status_code == 303


def test_where_no_letters_go_out_the_page_says_what_to_set_and_the_link_by_hand_stays(
    app, admin, sent_mail, monkeypatch
):
    form = admin.get("/org/oauth/members")
    for door in ("member_views", "inviting.views"):
        monkeypatch.setattr(f"app.org.{door}.mail_goes_out", lambda: False)
    sent = admin.submit(
        form, press="Send the invitation", **{"letter-email": "erin@acme.example", "letter-role": "member"}
    )
    for page in (sent, admin.get("/org/oauth/members")):
        assert "SMTP_URL" in page.text and "Send the invitation" not in page.text
        assert "Make an invitation link" in page.text
    assert sent_mail() == []


def test_the_same_form_twice_sends_one_letter(admin, sent_mail):
    page = admin.get(MEMBERS)
    for _ in range(2):
        fields = {"letter-email": "dora@example.org", "letter-role": "member"}
        assert admin.submit(page, press="Send the invitation", **fields).status_code == 303
    assert len(sent_mail()) == 1


def test_expired_link_no_longer_works(app, admin, leon, let_time_pass):
    link = link_in(invite(admin))
    let_time_pass(days=7, seconds=1)
    browser = signed_in(app, leon)

    assert browser.get(link).status_code == 410
    assert send(browser, link).status_code == 410
    assert role_of(app, leon) is None


def test_withdrawn_link_no_longer_works(app, admin, leon):
    link = link_in(invite(admin))
    page = admin.get(MEMBERS)
    assert "Dora" in page.text
    question = admin.get(re.search(r'href="(/org/oauth/invitations/[^"]+/revoke)"', page.text)[1])
    page = admin.follow(admin.submit(question, press="Withdraw the invitation"))

    assert "Dora" not in page.text
    assert signed_in(app, leon).get(link).status_code == 410
    assert kinds(app)[-1] == "invitation.revoked"


def test_member_who_follows_the_link_does_not_use_it_up(app, admin, alice, leon):
    link = link_in(invite(admin, role="admin"))
    browser = signed_in(app, alice)

    page = browser.follow(browser.submit(browser.get(link), press="Join"))

    assert "already" in page.text
    assert role_of(app, alice) == "member"
    assert signed_in(app, leon).get(link).status_code == 200


def test_form_sent_twice_makes_one_invitation(app, admin, stored):
    form = admin.get(MEMBERS)
    admin.submit(form, press="Make an invitation link")
    before = stored()

    again = admin.submit(form, press="Make an invitation link")

    assert again.status_code == 303
    assert "rlq_in_" not in admin.follow(again).text
    assert stored() == before


@each(
    ("field", "value", "says"),
    [
        ("role", "owner", "Choose one of these roles"),
        ("role", "emperor", "Choose one of these roles"),
        ("label", "x" * 101, "at most 100 characters"),
        ("label", "a\x00b", "without control characters"),
        ("label", "a\u202eb", "without control characters"),
        ("once", "", "not sent whole"),
    ],
)
def test_wrong_invitation_is_refused_with_its_sentence(admin, olive, stored, field, value, says):
    before = stored()

    page = invite(admin, **{field: value})

    assert page.status_code == 400
    assert says in page.text
    assert stored() == before


def test_owner_may_invite_an_owner(app, owner, leon):
    link = link_in(invite(owner, role="owner"))
    browser = signed_in(app, leon)
    browser.submit(browser.get(link), press="Join")

    assert role_of(app, leon) == "owner"


@each("token", ["rlq_in_" + "0" * 64, "x", "%00", "ü", "%ff%fe", "a" * 5000])
def test_unknown_token_is_an_invitation_that_is_over(admin, token):
    assert admin.get(f"/org/oauth/join/{token}").status_code == 410


def test_links_of_whoever_leaves_or_is_demoted_end(app, admin, owner, bob, leon):
    first = link_in(invite(admin))
    give_role(owner, bob, "member")
    assert signed_in(app, leon).get(first).status_code == 410

    give_role(owner, bob, "admin")
    second = link_in(invite(signed_in(app, bob)))
    owner.submit(owner.get(f"{MEMBERS}/{bob.id}/remove"), press=f"Remove {bob.name}")
    assert signed_in(app, leon).get(second).status_code == 410


def test_many_invitations_come_a_page_at_a_time_and_are_found(owner):
    for label in [f"Guest {number:02}" for number in range(24)] + ["", "", ""]:
        invite(owner, label=label)

    def labels(query: str) -> list[str]:
        """Of the invitations, without the members."""
        return re.findall(r"<bdi>(Guest \d\d|Somebody)</bdi></th>", owner.get(f"/org/oauth/members{query}").text)

    first, second = labels(""), labels("?invited=2")
    assert sorted(first + second) == [f"Guest {number:02}" for number in range(24)] + ["Somebody"] * 3
    assert len(first) == 25 and labels("?invited=9") == second
    assert labels("?q=guest+17") == ["Guest 17"]
    page = owner.get("/org/oauth/members?invited=2&page=1")
    assert '<a href="/org/oauth/members?invited=1" rel="prev">' in page.text


def test_who_tries_links_that_lead_nowhere_is_told_to_wait(app, admin, carol):
    """A link that is right is never refused because of wrong ones."""
    link = link_in(invite(admin))
    browser = signed_in(app, carol)
    answers = [browser.get(f"/org/oauth/join/rlq_in_{number:064x}") for number in range(21)]
    assert [answer.status_code for answer in answers] == [410] * 20 + [429]
    assert "Wait 15 minutes and try again." in answers[-1].text
    assert 890 < int(answers[-1].headers["Retry-After"]) <= 900
    assert browser.get(link).status_code == 200


def test_an_invitation_of_somebody_whose_account_is_off_rests_until_it_is_on(app, admin, bob, leon):
    """Others stand in the organization as before, and their account lets nobody in by it."""
    link, browser = link_in(invite(admin)), signed_in(app, leon)
    for act, status in ((disable_account, 410), (enable_account, 200)):
        with app.app_context():
            act(db.session(), bob.id, actor_user_id=None)
            db.session.commit()
        assert browser.get(link).status_code == status
