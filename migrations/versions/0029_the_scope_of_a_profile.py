"""the scope of a profile

Revision 0029, after 0028. Until here every app was told who the person is. What was registered, allowed or issued before
has the scope ``profile`` without naming it, and a mark says so where a row is younger: the version before writes none, so
what it adds counts as older too, and no scope that it has stored is rewritten under it.

The way down takes the name out of what was stored since.
"""

import sqlalchemy as sa
from alembic import op

import migrations.types  # noqa: F401 - text compares by code point

revision = "0029"
down_revision = "0028"

_STORED = {
    "clients": ("scope", "optional_scope"),
    "client_documents": ("default_scope",),
    "client_registrations": ("default_scope",),
    "consents": ("scope", "declined_scope"),
    "oauth_codes": ("scope",),
    "oauth_access_tokens": ("scope",),
    "oauth_refresh_tokens": ("scope",),
}


def upgrade() -> None:
    # Not tables made anew: on SQLite that would drop their triggers.
    op.add_column("clients", sa.Column("implies_profile", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("consents", sa.Column("names_profile", sa.Boolean(), nullable=True))
    op.add_column("oauth_families", sa.Column("names_profile", sa.Boolean(), nullable=True))


def downgrade() -> None:
    for table, columns in _STORED.items():
        for column in columns:
            op.execute(
                f"UPDATE {table} SET {column} = trim(replace(' ' || {column} || ' ', ' profile ', ' '))"
                f" WHERE ' ' || {column} || ' ' LIKE '% profile %'"
            )
    op.drop_column("oauth_families", "names_profile")
    op.drop_column("consents", "names_profile")
    op.drop_column("clients", "implies_profile")
