"""Flask's own configuration, from ours."""

from typing import Any

from app.config import Settings
from app.database.engine import engine_options
from app.http.direct.signed_cookie import cookie_name


def flask_config(settings: Settings) -> dict[str, Any]:
    """Returns what Flask and its extensions are to be told."""
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        # Flask-WTF knows of no fallbacks, but hands over what it is given: a list whose last key signs.
        "WTF_CSRF_SECRET_KEY": list(reversed(settings.secret_keys)),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "SESSION_COOKIE_NAME": cookie_name(settings),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_https,
        # How old a signed cookie may be; Flask's own answer would be a month.
        "PERMANENT_SESSION_LIFETIME": settings.session_lifetime,
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
        # The door asks for a form's token (form_checks), not a hook that asks everywhere.
        "WTF_CSRF_CHECK_DEFAULT": False,
        # The token lives as long as the session it is in: a page left open over lunch still works.
        "WTF_CSRF_TIME_LIMIT": None,
        # It would hold the Referer against the Host header; see form_origin for what is asked instead.
        "WTF_CSRF_SSL_STRICT": False,
    }
