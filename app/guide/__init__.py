"""The guide: what integrators read, with their own app filled in."""

from flask import Blueprint

blueprint = Blueprint("guide", __name__, url_prefix="/guide")
