"""The protocol's endpoints: each file is one, and all hang on one blueprint."""

from flask import Blueprint

blueprint = Blueprint("oauth", __name__)
