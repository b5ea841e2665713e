"""The dashboard where an organization's people keep its apps. Its pages hang on one blueprint."""

from flask import Blueprint

blueprint = Blueprint("org", __name__, url_prefix="/org/oauth")
