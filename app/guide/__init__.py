"""What integrators read and try: the guide to the five steps, and the playground that walks them live."""

from flask import Blueprint

blueprint = Blueprint("guide", __name__, url_prefix="/guide")
