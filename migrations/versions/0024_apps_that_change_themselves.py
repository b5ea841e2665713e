"""apps that change themselves

Revision 0024, after 0023. What an app was called and where its answer went when a person last decided about it, and an
event that tells the person that it has changed either. Tokens remember under which rule for their end they were given.

The version before goes on working: it writes neither, and reads only kinds of events that it knows.

The way down forgets these events.
"""

import sqlalchemy as sa
from alembic import op

import migrations.types  # noqa: F401 - text compares by code point

revision = "0024"
down_revision = "0023"

_KINDS = ("given", "widened", "narrowed", "paused", "resumed", "ended")


def upgrade() -> None:
    op.create_table(
        "consent_introductions",
        sa.Column("grant_id", sa.String(40), nullable=False),
        sa.Column("client_name", sa.String(100), nullable=False),
        sa.Column("redirect_uri", sa.String(2000), nullable=False),
        sa.Column("addresses_digest", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["consents.grant_id"],
            name=op.f("fk_consent_introductions_grant_id_consents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_consent_introductions")),
    )
    op.add_column("oauth_families", sa.Column("keeps_first_end", sa.Boolean(), nullable=True))
    _allow_kinds(*_KINDS, "changed")


def downgrade() -> None:
    op.execute("DELETE FROM consent_events WHERE kind = 'changed'")
    _allow_kinds(*_KINDS)
    op.drop_column("oauth_families", "keeps_first_end")
    op.drop_table("consent_introductions")


def _allow_kinds(*kinds: str) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("consent_events") as batch_op:
        batch_op.drop_constraint(op.f("ck_consent_events_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_consent_events_kind"), f"kind IN ({allowed})")
