"""networks of waiting requests

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'


def upgrade() -> None:
    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        batch_op.add_column(sa.Column('network', sa.String(length=64), nullable=True))
        batch_op.create_index(
            batch_op.f('ix_authorization_requests_network'),
            ['network'],
            unique=False,
            sqlite_where=sa.text('network IS NOT NULL'),
            postgresql_where=sa.text('network IS NOT NULL'),
        )


def downgrade() -> None:
    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_authorization_requests_network'))
        batch_op.drop_column('network')
