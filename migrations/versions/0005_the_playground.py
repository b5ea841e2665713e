"""the playground

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    op.create_table('playground_callbacks',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('user_id', sa.String(length=40), nullable=False),
    sa.Column('redirect_uri', sa.String(length=2000), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['clients.client_id'], name=op.f('fk_playground_callbacks_client_id_clients'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_playground_callbacks_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_playground_callbacks')),
    sa.UniqueConstraint('client_id', 'user_id', name=op.f('uq_playground_callbacks_client_id_user_id'))
    )
    with op.batch_alter_table('playground_callbacks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_playground_callbacks_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_playground_callbacks_user_id'), ['user_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('playground_callbacks', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_playground_callbacks_user_id'))
        batch_op.drop_index(batch_op.f('ix_playground_callbacks_expires_at'))

    op.drop_table('playground_callbacks')
