"""The protocol's endpoints: each file is one. All that belong to no other folder hang on one blueprint."""

from app.http.doors import STEP, WIRE
from app.http.routes import Blueprint

#: Whoever mistypes one of its addresses is more often a program than a person.
blueprint = Blueprint("oauth", __name__, door=STEP, astray=WIRE)
#: The addresses under which the documentation of Rememberizer's API has two of them.
#: The same at the root, where some clients look for them that know the issuer alone.
aliases = Blueprint("aliases", __name__, door=WIRE)
documented = Blueprint("documented", __name__, door=WIRE, url_prefix="/api/v1/auth/oauth2")
