"""The files of an export beside the memories: which tables they are made of, column by column, and never a secret."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.addresses.models import AddressChange
from app.accounts.factors.models import OneTimeCodes, RecoveryCode
from app.accounts.models import Invitation, Membership, Organization, Session, User
from app.accounts.notices.models import NoticeChoice
from app.accounts.passkeys.models import Passkey
from app.accounts.places.models import KnownPlace
from app.clients.models import Client
from app.consents.made import MadeMemento
from app.consents.models import Consent, ConsentMemento
from app.consents.saved import SavedMemento
from app.leaving.export.part import Part
from app.memories.models import Integration, Memento
from app.memories.never_shared import NeverShared
from app.oauth.asked_apps import AskedApp

_APP = (Client.client_id.label("app_id"), Client.name.label("app"))

#: In the order of the archive.
PARTS: Sequence[Part] = (
    Part(
        "profile",
        select(
            User.id,
            User.email,
            User.email_verified_at,
            User.name,
            User.created_at,
            User.time_zone,
            User.receipts_days,
            User.memory_setting,
            User.frozen_at,
        ),
        User.id,
        [User.id],
    ),
    Part(
        "organizations",
        select(Organization.id, Organization.slug, Organization.name, Membership.role, Membership.created_at).join(
            Membership
        ),
        Membership.user_id,
        [Organization.id],
    ),
    Part(
        "invitations-made",
        select(
            Invitation.id,
            Organization.slug.label("organization"),
            Invitation.role,
            Invitation.label,
            Invitation.created_at,
            Invitation.expires_at,
            Invitation.accepted_at,
            Invitation.revoked_at,
        ).join(Organization, Organization.id == Invitation.organization_id),
        Invitation.invited_by_user_id,
        [Invitation.id],
    ),
    Part(
        "address-changes",
        select(
            AddressChange.id,
            AddressChange.was,
            AddressChange.email,
            AddressChange.created_at,
            AddressChange.changed_at,
        ),
        AddressChange.user_id,
        [AddressChange.id],
    ),
    Part("notice-choices", select(NoticeChoice.kind, NoticeChoice.way), NoticeChoice.user_id, [NoticeChoice.kind]),
    Part(
        "never-shared",
        select(
            NeverShared.id,
            Integration.name.label("source"),
            NeverShared.folder,
            NeverShared.memory_id,
            NeverShared.tag,
            NeverShared.created_at,
        ).outerjoin(Integration, Integration.id == NeverShared.integration_id),
        NeverShared.user_id,
        [NeverShared.id],
    ),
    Part(
        "passkeys",
        select(
            Passkey.id,
            Passkey.name,
            Passkey.rp_id,
            Passkey.created_at,
            Passkey.last_used_at,
            Passkey.transports,
            Passkey.backup_eligible,
            Passkey.backed_up,
        ),
        Passkey.user_id,
        [Passkey.id],
    ),
    Part(
        "one-time-codes",
        select(OneTimeCodes.confirmed_at, OneTimeCodes.last_used_at),
        OneTimeCodes.user_id,
        [OneTimeCodes.user_id],
    ),
    Part(
        "recovery-codes",
        select(RecoveryCode.made_at, RecoveryCode.used_at),
        RecoveryCode.user_id,
        [RecoveryCode.digest],
    ),
    Part(
        "sessions",
        select(
            Session.id,
            Session.issued_at,
            Session.last_used_at,
            Session.expires_at,
            Session.shown,
            Session.address,
            Session.user_agent,
        ),
        Session.user_id,
        [Session.id],
    ),
    Part(
        "places",
        select(KnownPlace.id, KnownPlace.network, KnownPlace.name, KnownPlace.first_seen_at, KnownPlace.last_seen_at),
        KnownPlace.user_id,
        [KnownPlace.id],
    ),
    Part(
        "consents",
        select(
            Consent.grant_id,
            *_APP,
            Consent.name,
            Consent.scope.label("scope"),
            Consent.declined_scope,
            Consent.selection,
            Consent.resources,
            Consent.memory_setting,
            Consent.issued_at,
            Consent.updated_at,
            Consent.expires_at,
            Consent.paused_at,
            Consent.revoked_at,
            Consent.last_used_at,
        ).join(Client, Client.key == Consent.client_key),
        Consent.user_id,
        [Consent.grant_id],
    ),
    Part(
        "consents-mementos",
        select(
            Consent.grant_id, Memento.id.label("memento_id"), Memento.name.label("memento"), ConsentMemento.can_write
        )
        .join(ConsentMemento, ConsentMemento.grant_id == Consent.grant_id)
        .join(Memento, Memento.id == ConsentMemento.memento_id),
        Consent.user_id,
        [Consent.grant_id, Memento.id],
    ),
    Part(
        "apps-own-mementos",
        select(*_APP, SavedMemento.memento_id, Memento.name.label("memento"), SavedMemento.installation)
        .join(Client, Client.key == SavedMemento.client_key)
        .join(Memento, Memento.id == SavedMemento.memento_id),
        SavedMemento.user_id,
        [SavedMemento.memento_id],
    ),
    Part(
        "mementos-made-by-apps",
        select(Consent.grant_id, MadeMemento.memento_id, MadeMemento.name).join(
            MadeMemento, MadeMemento.grant_id == Consent.grant_id
        ),
        Consent.user_id,
        [MadeMemento.memento_id],
    ),
    Part(
        "asked-apps",
        select(AskedApp.id, *_APP, AskedApp.asked_at).join(Client, Client.key == AskedApp.client_key),
        AskedApp.user_id,
        [AskedApp.id],
    ),
)

#: What hangs on a person and is not in an export, and why.
LEFT_OUT = {
    "memory_totals": "How many memories there are, and how long, which the memories themselves show.",
    "address_confirmations": "Digests of links that go within a day.",
    "authorization_requests": "They wait for an hour at most.",
    "consent_introductions": "Digests of what apps call themselves.",
    "imports": "An upload waits for an hour at most.",
    "import_pieces": "An upload waits for an hour at most.",
    "import_skips": "An upload waits for an hour at most.",
    "oauth_access_tokens": "Digests of secrets.",
    "oauth_codes": "Digests of secrets.",
    "oauth_families": "Digests of secrets hang on them; when each began is in the history.",
    "oauth_refresh_tokens": "Digests of secrets.",
    "look_backs": "A question that waits for a few days, about sessions that have ended and consents.",
    "passkey_handles": "A random name, by which devices keep passkeys.",
    "password_resets": "A link waits for half an hour.",
    "playground_callbacks": "They wait for an hour at most.",
    "waiting_sign_ins": "They wait for ten minutes.",
    "token_replays": "The history tells of each.",
}
