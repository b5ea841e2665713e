"""Every route of the API, also before an app is made, for tests that are parametrized with them."""

from app import create_app  # noqa: F401 - so that models are known before views
from app.api import documents, me, resources  # noqa: F401 - each adds its routes
from app.api.route import ROUTES as OPERATIONS

__all__ = ["OPERATIONS"]
