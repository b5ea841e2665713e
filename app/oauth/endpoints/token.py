"""The token endpoint (:rfc:`6749#section-3.2`)."""

from app.database import connect
from app.extensions import csrf, db
from app.oauth.endpoints import blueprint
from app.oauth.server import UnreadableForm, server


@blueprint.post("/oauth/token")
@blueprint.post("/api/v1/auth/oauth2/token/")
@csrf.exempt
def token():
    """Exchange a code, a refresh token, or the client's own credentials for an access token."""
    with connect(db.engine) as connection:
        try:
            request = server.read_form(connection)
        except UnreadableForm as error:
            server.note_token_refusal(error.request, error)
            return server.handle_error_response(None, error)
        return server.create_token_response(request)
