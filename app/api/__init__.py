"""The resource API: what an app may read and change on behalf of whoever allowed it."""

from flask import Blueprint

blueprint = Blueprint("api", __name__)
