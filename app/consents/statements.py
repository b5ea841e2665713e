"""The statements by which consents are written, shared by the few modules of this package that write them."""

from sqlalchemy import Boolean, Integer, String, bindparam, delete, insert, select, text, update

from app.accounts.lock import LOCK_PERSON as LOCK_PERSON
from app.accounts.models import User
from app.consents.live import is_live, is_open
from app.consents.models import Consent, ConsentMemento
from app.consents.snapshot import CONSENT_COLUMNS, ConsentSnapshot
from app.database.locks import to_change, to_refer_to
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.memories.models import Memento

_OF_PAIR = (
    Consent.user_id == bindparam("user"),
    Consent.client_key == bindparam("client"),
    Consent.installation == bindparam("installation"),
)
_OF_PERSON = (Consent.grant_id == bindparam("grant"), Consent.user_id == bindparam("user"))
_LIVE = is_live(Consent, bindparam("at", type_=UtcDateTime()))

FIND_OPEN = Statement(select(*CONSENT_COLUMNS).where(*_OF_PAIR, is_open(Consent)), row=ConsentSnapshot)

# Held before it is read: so what is read is what the change is made to. The first consent of a person for an app has no
# row yet, so the person's is held (LOCK_PERSON).
LOCK = Statement(
    to_change(select(Consent.grant_id).join(User, User.id == Consent.user_id).where(*_OF_PERSON, _LIVE), User, Consent)
)
READ = Statement(select(*CONSENT_COLUMNS).where(*_OF_PERSON), row=ConsentSnapshot)

END = Statement(update(Consent).where(*_OF_PERSON, is_open(Consent)).values(revoked_at=bindparam("at")))
END_BY_GRANT = Statement(
    update(Consent).where(Consent.grant_id == bindparam("grant"), is_open(Consent)).values(revoked_at=bindparam("at"))
)

# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words. What the person
# set for the app alone holds on when it is connected again.
UPSERT = Statement(
    text(
        """
        INSERT INTO consents (grant_id, user_id, client_id, installation, scope, declined_scope, selection, resources,
            issued_at, updated_at, expires_at, names_profile, memory_setting)
        VALUES (:grant_id, :user, :client, :installation, :scope, :declined, :selection, :resources,
            :at, :at, :until, TRUE, (
                SELECT earlier.memory_setting FROM consents AS earlier
                WHERE earlier.user_id = CAST(:user AS VARCHAR) AND earlier.client_id = CAST(:client AS VARCHAR)
                    AND earlier.installation = CAST(:installation AS VARCHAR)
                ORDER BY earlier.issued_at DESC LIMIT 1
            ))
        ON CONFLICT (user_id, client_id, installation) WHERE revoked_at IS NULL
        DO UPDATE SET scope = excluded.scope, declined_scope = excluded.declined_scope,
            selection = excluded.selection, resources = excluded.resources, updated_at = excluded.updated_at,
            expires_at = excluded.expires_at, names_profile = TRUE,
            paused_at = CASE WHEN :resumes THEN NULL ELSE consents.paused_at END
        RETURNING grant_id, paused_at
        """
    )
    .bindparams(
        bindparam("at", type_=UtcDateTime()),
        bindparam("until", type_=UtcDateTime()),
        bindparam("resumes", type_=Boolean()),
    )
    .columns(grant_id=String, paused_at=UtcDateTime)
)

DELETE_CHOICE = Statement(delete(ConsentMemento).where(ConsentMemento.grant_id == bindparam("grant")))

INSERT_CHOICE = Statement(
    insert(ConsentMemento).from_select(
        ["grant_id", "memento_id", "can_write"],
        # The owner is asked once more in the statement itself, whoever called; and held, so that nobody deletes the
        # memento between this look and the insert.
        to_refer_to(
            select(bindparam("grant", type_=String), Memento.id, bindparam("may_write", type_=Boolean)).where(
                Memento.id == bindparam("memento"), Memento.user_id == bindparam("user")
            )
        ),
    )
)

SET_CHOICE = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"))
    .values(selection=bindparam("chosen"), updated_at=bindparam("at"))
)
SET_END = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"))
    .values(expires_at=bindparam("until"), decided_at=bindparam("at"))
)
SET_PAUSE = Statement(
    update(Consent)
    .where(Consent.grant_id == bindparam("grant"))
    .values(paused_at=bindparam("since"), decided_at=bindparam("at"))
)

LIST_OF_PERSON = Statement(
    select(Consent.grant_id).where(Consent.user_id == bindparam("user"), is_open(Consent)).order_by(Consent.grant_id)
)
LIST_OF_CLIENT = Statement(
    select(Consent.grant_id)
    .where(Consent.client_key == bindparam("client"), is_open(Consent))
    .order_by(Consent.grant_id)
)
LIST_SOME_OF_CLIENT = Statement(
    select(Consent.grant_id)
    .where(Consent.client_key == bindparam("client"), is_open(Consent))
    .order_by(Consent.grant_id)
    .limit(bindparam("most", type_=Integer()))
)
LIST_WITH_MEMENTO = Statement(
    select(ConsentMemento.grant_id, ConsentMemento.can_write)
    .join(Consent, Consent.grant_id == ConsentMemento.grant_id)
    .where(ConsentMemento.memento_id == bindparam("memento"), Consent.selection == "selected", _LIVE)
    .order_by(ConsentMemento.grant_id)
)
