"""Every operation of the API, also before an app is made, for tests that are parametrized with them."""

from app import create_app  # noqa: F401 - so that models are known before views
from app.api import (  # noqa: F401 - each registers its operations
    document_contents,
    document_search,
    documents,
    integrations,
    me,
    mementos,
    memories,
    new_memories,
)
from app.api.operation import OPERATIONS as OPERATIONS
