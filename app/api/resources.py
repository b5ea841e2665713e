"""The routes to memories, mementos and integrations: each an operation's own, in one table."""

from app.api.serving import serve
from app.operations import integrations, mementos, memories, new_memories

_MEMORY = "memories/{memory_id}/"
_MEMENTO = "mementos/{memento_id}/"
_CONTENTS = "mementos/memento_document/{memento_id}/"
_INTEGRATION = "integrations/{integration_id}/"

#: Method, path below ``/api/v1/``, operation, status when all went well, and what the description calls it.
_ROUTES = (
    ("GET", "memories/", memories.list_memories, 200, "get_memories"),
    ("GET", _MEMORY, memories.read_memory, 200, "get_memory"),
    ("PATCH", _MEMORY, memories.change_memory, 200, "patch_memory"),
    ("DELETE", _MEMORY, memories.delete_memory, 204, "remove_memory"),
    ("POST", "memories/", new_memories.add_memory, 201, "post_memory"),
    ("POST", "memories/bulk/", new_memories.add_memories, 201, "post_memories"),
    ("GET", "mementos/", mementos.list_mementos, 200, "get_mementos"),
    ("GET", _MEMENTO, mementos.read_memento, 200, "get_memento"),
    ("POST", "mementos/", mementos.make_memento, 201, "post_memento"),
    ("DELETE", _MEMENTO, mementos.delete_memento, 204, "remove_memento"),
    ("POST", _CONTENTS, mementos.change_memento, 200, "post_memento_documents"),
    ("DELETE", _CONTENTS, mementos.empty_memento, 204, "remove_memento_documents"),
    ("GET", "integrations/", integrations.list_integrations, 200, "get_integrations"),
    ("GET", _INTEGRATION, integrations.read_integration, 200, "get_integration"),
    ("POST", "integrations/", integrations.make_integration, 201, "post_integration"),
    ("PATCH", _INTEGRATION, integrations.change_integration, 200, "patch_integration"),
    ("DELETE", _INTEGRATION, integrations.delete_integration, 204, "remove_integration"),
)

for method, path, operation, status, name in _ROUTES:
    serve(method, path, operation, name, status=status)
