"""The memory server for agents: the Model Context Protocol over HTTP, at ``/mcp``.

It is stateless: any worker answers any call, as one JSON object. Its tools are the operations of the API under another
face, so the scopes, the person's choice of mementos and the receipts are the same.
"""

from flask import Flask

from app.http.doors import MCP
from app.http.routes import Blueprint
from app.parts import import_modules

blueprint = Blueprint("mcp", __name__, door=MCP)


def register(app: Flask) -> None:
    """Attach the endpoint."""
    import_modules(__name__)
    app.register_blueprint(blueprint)
