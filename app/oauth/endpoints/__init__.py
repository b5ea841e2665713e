"""The protocol's endpoints: each file is one. All that belong to no other folder hang on one blueprint."""

from app.http.doors import STEP, WIRE
from app.http.routes import Blueprint

blueprint = Blueprint("oauth", __name__, door=STEP)
#: The addresses under which the documentation of Rememberizer's API has two of them.
documented = Blueprint("documented", __name__, door=WIRE, url_prefix="/api/v1/auth/oauth2")
