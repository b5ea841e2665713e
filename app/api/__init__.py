"""The resource API: what an app may read and change on behalf of whoever allowed it."""

from flask import Blueprint

from app.extensions import csrf

blueprint = Blueprint("api", __name__)
# Whoever calls brings a token of their own; a browser sends none by itself.
csrf.exempt(blueprint)
