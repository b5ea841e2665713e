"""An app's journey through the whole API."""

from tests.personal.conftest import stock
from tests.robustness.statements.journeys import journey


@journey(*(f"api.{name}" for name in (
    "me GET", "get_subscribed_knowledge GET", "get_discussion_contents GET", "get_documents GET",
    "get_document_contents GET", "get_agentic_search GET", "post_agentic_search POST", "memorize_document POST",
    "search_documents GET", "get_integrations GET", "post_integration POST", "get_integration GET",
    "patch_integration PATCH", "remove_integration DELETE", "get_mementos GET", "post_memento POST", "get_memento GET",
    "remove_memento DELETE", "post_memento_documents POST", "remove_memento_documents DELETE", "get_memories GET",
    "post_memory POST", "get_memory GET", "patch_memory PATCH", "remove_memory DELETE", "post_memories POST",
)))  # fmt: skip
def test_the_whole_api(app, alice, caller, failing):
    shelf, key = stock(app, alice.id), {"Idempotency-Key": "once"}
    soup = shelf.memories["Soup"]

    def ask(method: str, path: str, json=None, **kwargs):
        answer = caller.open(method, path, json=json, **kwargs)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json

    for path in ("me/", "account/", "common-knowledge/subscribed-list/", "integrations/", "mementos/", "memories/?q=soup",
                 "documents/", "documents/search/?q=soup", "documents/agentic_search/?q=soup", f"memories/{soup}/",
                 f"documents/{soup}/contents/", f"discussions/{shelf.memories['Hello']}/contents/", f"integrations/{shelf.integrations['Drive']}/"):  # fmt: skip
        ask("GET", path)
    caller.open("HEAD", "memories/?q=soup")
    caller.open("OPTIONS", "memories/")
    ask("POST", "documents/agentic_search/", {"query": "soup"})
    ask("POST", "documents/memorize/", {"name": "Bread", "content": "Flour."})
    new = {"title": "Rye", "text": "Flour and water.", "tags": ["bread", "dark"]}
    one = ask("POST", "memories/", new, headers=key)
    assert ask("POST", "memories/", new, headers=key) == one
    ask("PATCH", f"memories/{one['id']}/", {"title": "Dark rye", "tags": ["rye"]})
    ask("POST", "memories/bulk/", {"memories": [new, new]})
    made = ask("POST", "mementos/", {"name": "Breads"})["id"]
    ask("GET", f"mementos/{made}/")
    ask("POST", f"mementos/memento_document/{made}/", {"add": [one["id"]]})
    ask("DELETE", f"mementos/memento_document/{made}/")
    ask("DELETE", f"mementos/{made}/")
    source = ask("POST", "integrations/", {"kind": "slack", "name": "Work"})["id"]
    ask("PATCH", f"integrations/{source}/", {"name": "Home"})
    ask("DELETE", f"integrations/{source}/")
    ask("DELETE", f"memories/{one['id']}/")
