"""The registry's records, and the client as the hot path sees it."""

from app.clients.models.client import Client, find_record, is_client_id
from app.clients.models.document import ClientDocument
from app.clients.models.keys import ClientKeys
from app.clients.models.logo import ClientLogo
from app.clients.models.origin import ClientOrigin
from app.clients.models.resource import ClientResource, is_registered_name, match_address
from app.clients.models.rules import (
    AUTH_METHODS,
    CONFIDENTIAL,
    DEVICE_GRANT,
    DOCUMENT,
    DYNAMIC,
    IDLE_FOR,
    ORIGINS,
    PRIVATE_KEY_JWT,
    PUBLIC,
    REGISTERED,
    UNUSED_FOR,
    ClientRules,
)
from app.clients.models.secret import ClientSecret
from app.clients.models.self_registration import SelfRegistration
from app.clients.models.snapshot import CLIENT_COLUMNS, SECRET_USED, ClientSnapshot, find_client

__all__ = [
    "AUTH_METHODS",
    "CLIENT_COLUMNS",
    "CONFIDENTIAL",
    "DEVICE_GRANT",
    "DOCUMENT",
    "DYNAMIC",
    "IDLE_FOR",
    "ORIGINS",
    "PRIVATE_KEY_JWT",
    "PUBLIC",
    "REGISTERED",
    "SECRET_USED",
    "UNUSED_FOR",
    "Client",
    "ClientDocument",
    "ClientKeys",
    "ClientLogo",
    "ClientOrigin",
    "ClientResource",
    "ClientRules",
    "ClientSecret",
    "ClientSnapshot",
    "SelfRegistration",
    "find_client",
    "find_record",
    "is_client_id",
    "is_registered_name",
    "match_address",
]
