"""An app's resource servers on the dashboard: added, proved by a file of their own, used, removed."""

import json
import re

import pytest
from sqlalchemy import select, update

from app.audit.models import AuditEvent
from app.clients.models import Client, ClientResource
from app.clients.resources.addresses import find_place_problem
from app.database.pool import count_connections
from app.extensions import db
from tests.org.conftest import send, signed_in
from tests.protocol import register
from tests.tables import each

__all__ = ["register"]

ISSUER = "http://127.0.0.1:8000"
ADDRESS = "https://shelf.acme.example"
PLACE = f"{ADDRESS}/.well-known/oauth-protected-resource"


@pytest.fixture
def path(notebook) -> str:
    return f"/org/oauth/{notebook.client_id}/resources"


@pytest.fixture
def add(admin, path):
    """Add an address; the path of its own."""

    def add(address: str = ADDRESS) -> str:
        answer = admin.submit(admin.get(path), press="Add it", address=address)
        assert answer.status_code == 303, answer.text
        return re.findall(rf"{path}/res_\w+(?=/remove)", admin.get(path).text)[-1]

    return add


@pytest.fixture
def proof(notebook) -> dict:
    return {"resource": ADDRESS, "authorization_servers": [ISSUER], "client_id": notebook.client_id}


def is_usable(notebook, address: str = ADDRESS) -> bool:
    return notebook.client_credentials(resource=address).status_code == 200


def test_it_is_of_no_use_until_it_is_proved_by_a_file_that_names_us(
    app, admin, add, path, proof, notebook, document_hosts
):
    one = add()
    page = admin.get(path).text
    assert "Not proved" in page and PLACE in page
    # What is to be put there stands there, ready to be copied.
    assert (
        json.loads(re.search(r"<pre[^>]*><code[^>]*>(.*?)</code>", page, re.DOTALL)[1].replace("&#34;", '"')) == proof
    )
    assert not is_usable(notebook)
    document_hosts.serve(PLACE, proof)
    assert admin.submit(admin.get(path), action=f"{one}/prove").status_code == 303
    assert document_hosts.requests == [PLACE]
    assert "In use" in admin.get(path).text and is_usable(notebook)
    told = notebook.introspect(notebook.client_credentials(resource=ADDRESS).json["access_token"]).json
    assert told["aud"] == ADDRESS
    # Once is enough.
    assert send(admin, f"{one}/prove").status_code == 303
    with app.app_context():
        kinds = db.session.scalars(select(AuditEvent.kind).where(AuditEvent.kind.startswith("client.resource"))).all()
    assert sorted(kinds) == ["client.resource_added", "client.resource_proved"]


def test_what_is_well_known_stands_before_the_path(admin, add, path, proof, document_hosts, notebook):
    one = add(f"{ADDRESS}/records/v2")
    document_hosts.serve(f"{PLACE}/records/v2", proof | {"resource": f"{ADDRESS}/records/v2"})
    assert send(admin, f"{one}/prove").status_code == 303
    assert is_usable(notebook, f"{ADDRESS}/records/v2")


@each(
    ("change", "said"),
    [
        ({"authorization_servers": ["https://id.other.example"]}, "must be a list that holds “http://127.0.0.1:8000”"),
        ({"authorization_servers": [f"{ISSUER}/"]}, "must be a list that holds"),
        ({"authorization_servers": ISSUER}, "must be a list that holds"),
        ({"authorization_servers": None}, "must be a list that holds"),
        ({"resource": f"{ADDRESS}/records"}, "Its member “resource” must be “https://shelf.acme.example”"),
        ({"resource": None}, "Its member “resource” must be"),
        ({"resource": [ADDRESS]}, "Its member “resource” must be"),
        ({"client_id": "client_of_somebody_else"}, "names another app"),
    ],
)
def test_a_file_that_says_something_else_proves_nothing(
    admin, add, path, proof, notebook, document_hosts, change, said
):
    one = add()
    document_hosts.serve(PLACE, proof | change)
    answer = send(admin, f"{one}/prove")
    assert answer.status_code == 400 and said in answer.text and "This does not prove it." in answer.text
    assert not is_usable(notebook)


@pytest.mark.parametrize("left_out", ["client_id", None])
def test_more_members_do_no_harm_and_the_app_need_not_be_named(admin, add, proof, notebook, document_hosts, left_out):
    one = add()
    served = {"scopes_supported": ["memories:read"], "resource_name": "Shelf"} | proof
    document_hosts.serve(PLACE, {name: value for name, value in served.items() if name != left_out})
    assert send(admin, f"{one}/prove").status_code == 303
    assert is_usable(notebook)


def test_a_host_that_does_not_answer_is_told_from_one_that_sends_something_else(admin, add, document_hosts, notebook):
    one = add()
    answer = send(admin, f"{one}/prove")
    assert answer.status_code == 400 and "no address on the public internet" in answer.text
    document_hosts.serve(f"{ADDRESS}/", {})
    answer = send(admin, f"{one}/prove")
    assert answer.status_code == 400 and "nothing at that address" in answer.text and PLACE in answer.text
    document_hosts.serve(PLACE, b"<p>", content_type="text/html")
    answer = send(admin, f"{one}/prove")
    assert answer.status_code == 400 and "of another kind" in answer.text
    assert not is_usable(notebook)


def test_a_person_proves_five_times_a_minute(admin, add, document_hosts):
    one = add()
    answers = [send(admin, f"{one}/prove").status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]


def test_a_third_at_once_is_told_to_try_again(app, admin, add, document_hosts):
    one = add()
    room = app.extensions["services"].fetcher._room
    with room, room:
        answer = send(admin, f"{one}/prove")
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "Try again in a moment." in answer.text and document_hosts.requests == []


@each(
    ("address", "said"),
    [
        ("", "Write the address"),
        ("shelf.acme.example", "does not start with a scheme"),
        ("http://shelf.acme.example", "plain http is for"),
        ("ftp://shelf.acme.example", "not a web address"),
        (f"{ADDRESS}#records", "fragment"),
        (f"{ADDRESS}?a=b", "query"),
        ("https://user@shelf.acme.example", "user name"),
        ("https://Shelf.acme.example", "capital letters"),
        ("https://shelf.acme.example:443", "leave out “:443”"),
        (f"{ADDRESS}/a/../b", "“..”"),
        (f"{ISSUER}/elsewhere", "own address"),
        ("http://localhost:8000/", "own address"),
        ("https://" + "a" * 500 + ".example", "longer than 500"),
    ],
)
def test_an_address_that_is_none_is_refused_with_a_sentence(app, admin, path, address, said):
    answer = send(admin, path, address=address)
    assert answer.status_code == 400 and said in answer.text
    with app.app_context():
        assert db.session.scalars(select(ClientResource)).all() == []


def test_one_on_this_computer_needs_no_proof_at_a_loopback_issuer(admin, add, path, notebook, document_hosts):
    add("http://127.0.0.1:9999/records")
    assert "In use" in admin.get(path).text and is_usable(notebook, "http://127.0.0.1:9999/records")
    assert document_hosts.requests == []


def test_plain_http_is_for_a_loopback_issuer_alone():
    assert "only https will do" in find_place_problem("http://127.0.0.1:9999", "https://id.acme.example")
    assert find_place_problem("https://id.acme.example:8443", "https://id.acme.example") is None
    assert "own address" in find_place_problem("https://id.acme.example/x", "https://id.acme.example")


def test_the_same_address_is_listed_once(admin, add, path):
    add()
    for again in (ADDRESS, f"{ADDRESS}/"):
        assert "is listed already" in send(admin, path, address=again).text


def test_a_public_app_has_none(admin, pocket):
    path = f"/org/oauth/{pocket.client_id}/resources"
    assert "which a public app has not" in admin.get(path).text
    assert send(admin, path, address=ADDRESS).status_code == 400


def test_a_resource_belongs_to_one_client(app, admin, add, path, proof, register, notebook, carol, document_hosts):
    """What somebody only claims keeps nobody from proving that it is theirs; what is proved does."""
    other = register()
    squatter = send(admin, f"/org/oauth/{other.client_id}/resources", address=ADDRESS)
    assert squatter.status_code == 303
    one = add()
    del proof["client_id"]
    document_hosts.serve(PLACE, proof)
    assert send(admin, f"{one}/prove").status_code == 303
    theirs = re.search(r"res_\w+", admin.get(f"/org/oauth/{other.client_id}/resources").text)[0]
    answer = send(admin, f"/org/oauth/{other.client_id}/resources/{theirs}/prove")
    assert answer.status_code == 409 and "belongs to another app" in answer.text
    with app.app_context():
        owners = db.session.scalars(select(ClientResource.client_key).where(ClientResource.proved_at.is_not(None)))
        assert owners.all() == [notebook.client_id]


def test_to_remove_one_asks_once_and_says_what_it_costs(app, admin, add, path, proof, notebook, alice, document_hosts):
    one = add()
    document_hosts.serve(PLACE, proof)
    send(admin, f"{one}/prove")
    person = signed_in(app, alice)
    token = notebook.exchange(notebook.code(person, resource=ADDRESS)).json["access_token"]
    page = admin.get(f"{one}/remove")
    assert "1 person allows an app something there." in page.text
    assert is_usable(notebook)
    # A form that was made without the page is no answer.
    assert send(admin, f"{one}/remove").status_code == 200 and is_usable(notebook)
    assert admin.submit(page, press="Remove it").status_code == 303
    assert not is_usable(notebook) and notebook.introspect(token).json == {"active": False}
    assert admin.get(f"{one}/remove").status_code == 404 and send(admin, f"{one}/prove").status_code == 404
    # Another with the address is another one: it is added and proved anew.
    assert add() != one


def test_a_page_that_asked_about_one_not_in_use_is_no_answer_for_one_that_is(
    admin, add, proof, notebook, document_hosts
):
    one = add()
    page = admin.get(f"{one}/remove")
    document_hosts.serve(PLACE, proof)
    send(admin, f"{one}/prove")
    assert admin.submit(page, press="Remove it").status_code == 409
    assert is_usable(notebook)


def test_another_organizations_resource_is_none_of_ours(app, admin, add, register, carol, alice):
    one = add()
    stranger, member = signed_in(app, carol), signed_in(app, alice)
    for what in ("prove", "remove"):
        assert send(stranger, f"{one}/{what}").status_code == 404
        assert send(member, f"{one}/{what}").status_code == 403
    # Nor is it reached by the way of another app of one's own.
    other = register()
    elsewhere = f"/org/oauth/{other.client_id}/resources/{one.rpartition('/')[2]}"
    assert send(admin, f"{elsewhere}/prove").status_code == 404
    assert admin.get(f"{elsewhere}/remove").status_code == 404


def test_no_more_than_twenty(app, admin, add, path, notebook):
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id)
        client.resource_rows.extend(ClientResource.at(f"https://{n}.acme.example", proved_at=None) for n in range(20))
        db.session.commit()
    assert "which is the most" in send(admin, path, address=ADDRESS).text


def test_a_draft_that_is_a_resource_server_needs_no_redirect_uri(app, admin, register, document_hosts):
    draft = register(draft=True, redirect_uris=[], scopes=[])
    path = f"/org/oauth/{draft.client_id}"
    send(admin, f"{path}/resources", address=ADDRESS)
    assert send(admin, f"{path}/activate").status_code == 400
    with app.app_context():
        db.session.execute(update(ClientResource).values(proved_at=ClientResource.created_at))
        db.session.commit()
    assert send(admin, f"{path}/activate").status_code == 200


def test_no_connection_to_the_database_is_held_while_the_service_is_asked(app, admin, add, path, proof, document_hosts):
    one, held = add(), []
    with app.app_context():
        engine = db.engine
    document_hosts.serve(PLACE, proof).addresses = lambda: held.append(_in_use(engine)) or ["45.45.45.1"]
    assert send(admin, f"{one}/prove").status_code == 303
    assert held == [0]


def _in_use(engine) -> float:
    return count_connections(engine)["in_use",]
