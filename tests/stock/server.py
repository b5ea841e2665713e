"""A textbook Authlib server, in the shape of Authlib's documentation and no worse: what the table's tests must notice.

Its paths are ours, so that the same tests can call it.
"""

import time
from types import SimpleNamespace

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_query_token_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Flask, jsonify, redirect, render_template_string, request, session, url_for
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

ISSUER = "http://127.0.0.1:8000"

db = SQLAlchemy()
server = AuthorizationServer()
require_oauth = ResourceProtector()


# -- the records -----------------------------------------------------------------------------------


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(40), unique=True)

    def get_user_id(self):
        return self.id


class Client(db.Model, OAuth2ClientMixin):
    id = db.Column(db.Integer, primary_key=True)


class AuthorizationCode(db.Model, OAuth2AuthorizationCodeMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id", ondelete="CASCADE"))


class Token(db.Model, OAuth2TokenMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id", ondelete="CASCADE"))

    def is_refresh_token_valid(self):
        return not self.refresh_token_revoked_at


# -- the grants and endpoints -------------------------------------------------------------------------


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def save_authorization_code(self, code, request):
        item = AuthorizationCode(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            user_id=request.user.id,
            code_challenge=request.payload.data.get("code_challenge"),
            code_challenge_method=request.payload.data.get("code_challenge_method"),
        )
        db.session.add(item)
        db.session.commit()

    def query_authorization_code(self, code, client):
        item = AuthorizationCode.query.filter_by(code=code, client_id=client.client_id).first()
        return item if item and not item.is_expired() else None

    def delete_authorization_code(self, authorization_code):
        db.session.delete(authorization_code)
        db.session.commit()

    def authenticate_user(self, authorization_code):
        return db.session.get(User, authorization_code.user_id)


class RefreshTokenGrant(grants.RefreshTokenGrant):
    # Off by default. Without it there is no second refresh token, and half of the table could not be asked.
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        item = Token.query.filter_by(refresh_token=refresh_token).first()
        return item if item and item.is_refresh_token_valid() else None

    def authenticate_user(self, credential):
        return db.session.get(User, credential.user_id)

    def revoke_old_credential(self, credential):
        credential.refresh_token_revoked_at = int(time.time())
        db.session.add(credential)
        db.session.commit()


class Introspection(IntrospectionEndpoint):
    def query_token(self, token, token_type_hint):
        return create_query_token_func(db.session, Token)(token, token_type_hint)

    def introspect_token(self, token):
        return {"active": True, "client_id": token.client_id, "scope": token.get_scope(), "sub": str(token.user_id)}

    def check_permission(self, token, client, request):
        return token.check_client(client)


class Issuer(IssuerParameter):
    def get_issuer(self):
        return ISSUER


server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True)])
server.register_grant(RefreshTokenGrant)
server.register_grant(grants.ClientCredentialsGrant)
server.register_endpoint(create_revocation_endpoint(db.session, Token))
server.register_endpoint(Introspection)
server.register_extension(Issuer())
require_oauth.register_token_validator(create_bearer_token_validator(db.session, Token)())


# -- the app ---------------------------------------------------------------------------------------


def create_stock_app(database_url: str) -> Flask:
    """A server whose tables are made by ``db.create_all``, or are there already."""
    app = Flask("stock")
    app.config.update(
        SECRET_KEY="only-for-tests",
        SQLALCHEMY_DATABASE_URI=database_url,
        OAUTH2_REFRESH_TOKEN_GENERATOR=True,
    )
    app.extensions["services"] = SimpleNamespace(settings=SimpleNamespace(issuer=ISSUER))
    db.init_app(app)
    server.init_app(
        app,
        query_client=create_query_client_func(db.session, Client),
        save_token=create_save_token_func(db.session, Token),
    )
    app.add_url_rule("/sign-in", view_func=sign_in, methods=["GET", "POST"])
    app.add_url_rule("/oauth/authorize", view_func=authorize, methods=["GET", "POST"])
    app.add_url_rule("/oauth/token", "token", lambda: server.create_token_response(), methods=["POST"])
    for endpoint in ("revocation", "introspection"):
        path = {"revocation": "/oauth/revoke", "introspection": "/oauth/introspect"}[endpoint]
        app.add_url_rule(path, endpoint, lambda name=endpoint: server.create_endpoint_response(name), methods=["POST"])
    app.add_url_rule("/api/me/", view_func=require_oauth()(me))
    with app.app_context():
        # Empty again after every test, so nothing in it is worth waiting for a disk.
        event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return app


def add_client(
    *, client_id: str, client_secret: str, redirect_uri: str, scope: str, auth_method: str, grant_types: list[str]
) -> None:
    """Register a client, as the documentation's form does."""
    client = Client(client_id=client_id, client_secret=client_secret, client_id_issued_at=int(time.time()))
    client.set_client_metadata(
        {
            "redirect_uris": [redirect_uri],
            "grant_types": grant_types,
            "response_types": ["code"],
            "scope": scope,
            "token_endpoint_auth_method": auth_method,
        }
    )
    db.session.add(client)
    db.session.commit()


def sign_in():
    if request.method == "GET":
        return '<main><form method="post"><input name="email"><input name="password"><button>Go</button></form></main>'
    session["user_id"] = User.query.filter_by(email=request.form["email"]).one().id
    return redirect(request.args["next"])


def authorize():
    user = db.session.get(User, session["user_id"]) if "user_id" in session else None
    try:
        grant = server.get_consent_grant(end_user=user)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    if user is None:
        return redirect(url_for("sign_in", next=request.full_path))
    if request.method == "GET":
        return render_template_string(
            '<main>{{ grant.client.client_name }}<form method="post">'
            '<input type="hidden" name="confirm" value="yes"><button>Authorize</button></form></main>',
            grant=grant,
        )
    return server.create_authorization_response(grant=grant, grant_user=user if request.form["confirm"] else None)


def me():
    return jsonify(id=current_token.user_id, client_id=current_token.client_id)
