"""Reliquary, an OAuth 2.0 authorization server for memory platforms."""

import os
from pathlib import Path

from flask import Flask

from app.config import Settings, read_settings

_ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The application, with settings from the environment unless given.

    Raises :class:`app.config.ConfigurationError` for a setting that cannot be used.
    """
    from app import clear_forms, logs, moments, navigation, web
    from app.database import prepare_engine
    from app.extensions import csrf, db, login_manager, migrate

    logs.configure()
    app = web.Application(
        __name__,
        root_path=str(_ROOT),
        template_folder="templates",
        static_folder="static",
        instance_path=str(_ROOT / "instance"),
    )
    settings = settings or read_settings(os.environ, Path(app.instance_path))
    app.extensions["settings"] = settings
    app.config.update(web.flask_config(settings))

    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    migrate.init_app(app, db, directory=str(_ROOT / "migrations"), render_as_batch=True)
    csrf.init_app(app)
    login_manager.init_app(app)

    navigation.init_app(app)
    web.init_app(app)
    moments.init_app(app)
    clear_forms.init_app(app)
    _register_parts(app)
    return app


def _register_parts(app: Flask) -> None:
    """Every feature's models, pages and commands. Nobody else may know them all."""
    from app import api, cli, cli_client_requests, cli_clients, guide, health, personal, signposts
    from app.accounts import models as _accounts  # noqa: F401
    from app.accounts import views as accounts_views
    from app.api import (  # noqa: F401
        access_log,
        document_contents,
        document_search,
        documents,
        integrations,
        me,
        mementos,
        memories,
        models as _api_models,
        new_memories,
        openapi,
    )
    from app.audit import models as _audit  # noqa: F401
    from app.memories import models as _memories  # noqa: F401
    from app.oauth import cross_origin, endpoints, request_log
    from app.oauth.endpoints import (  # noqa: F401
        account as _account,
        authorization,
        consent as _consent,
        introspection,
        links as _links,
        logo as _logo,
        mementos as _choice,
        metadata,
        revocation,
        token as _token,
        leading,
    )
    from app.oauth.models import (  # noqa: F401
        access_record,
        authorization_code,
        authorization_request,
        client,
        consent,
        made_memento,
        playground_callback,
        request_record,
        saved_memento,
        token,
        token_replay,
    )
    from app.guide import views as _guide  # noqa: F401
    from app import org
    from app.org import (  # noqa: F401
        audit_views as _org_audit,
        client_views as _org_clients,
        danger_views as _org_danger,
        member_views as _org_members,
        organization_views as _org_organizations,
        playground_views as _org_playground,
        repair_views as _org_repairs,
        request_views as _org_requests,
        secret_views as _org_secrets,
        views as _org_list,
    )
    from app.personal import views as _overview  # noqa: F401
    from app.personal.apps import views as _apps  # noqa: F401
    from app.personal.mementos import views as _mementos  # noqa: F401
    from app.personal.sessions import views as _sessions  # noqa: F401

    cross_origin.init_app(app)
    request_log.init_app(app)
    leading.init_app(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(endpoints.blueprint)
    app.register_blueprint(api.blueprint)
    access_log.init_app(app)
    app.register_blueprint(org.blueprint)
    app.register_blueprint(personal.blueprint)
    app.register_blueprint(guide.blueprint)
    app.register_blueprint(signposts.blueprint)
    accounts_views.init_app(app)
    cli.init_app(app)
    cli_clients.init_app(app)
    cli_client_requests.init_app(app)
