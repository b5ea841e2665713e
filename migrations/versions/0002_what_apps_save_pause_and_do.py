"""what apps save, pause and do

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import Lines, UtcDateTime

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    op.create_table('idempotency_keys',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('request_digest', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['clients.client_id'], name=op.f('fk_idempotency_keys_client_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_idempotency_keys'))
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_idempotency_keys_client_id'), ['client_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_idempotency_keys_expires_at'), ['expires_at'], unique=False)

    op.create_table('saved_mementos',
    sa.Column('user_id', sa.String(length=40), nullable=False),
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('memento_id', sa.String(length=40), nullable=False),
    sa.Column('integration_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['clients.client_id'], name=op.f('fk_saved_mementos_client_id_clients'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['integration_id'], ['integrations.id'], name=op.f('fk_saved_mementos_integration_id_integrations'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['memento_id'], ['mementos.id'], name=op.f('fk_saved_mementos_memento_id_mementos'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_saved_mementos_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'client_id', name=op.f('pk_saved_mementos'))
    )
    with op.batch_alter_table('saved_mementos', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_mementos_client_id'), ['client_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_saved_mementos_integration_id'), ['integration_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_saved_mementos_memento_id'), ['memento_id'], unique=False)

    op.create_table('access_records',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('grant_id', sa.String(length=40), nullable=False),
    sa.Column('minute', UtcDateTime(), nullable=False),
    sa.Column('action', sa.String(length=5), nullable=False),
    sa.Column('memento_key', sa.String(length=40), nullable=False),
    sa.Column('memento_id', sa.String(length=40), nullable=True),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.CheckConstraint("action IN ('read', 'write')", name=op.f('ck_access_records_action')),
    sa.ForeignKeyConstraint(['grant_id'], ['consents.grant_id'], name=op.f('fk_access_records_grant_id_consents'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['memento_id'], ['mementos.id'], name=op.f('fk_access_records_memento_id_mementos'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_records')),
    sa.UniqueConstraint('grant_id', 'minute', 'action', 'memento_key', name=op.f('uq_access_records_grant_id_minute_action_memento_key'))
    )
    with op.batch_alter_table('access_records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_records_memento_id'), ['memento_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_records_minute'), ['minute'], unique=False)

    with op.batch_alter_table('consent_mementos', schema=None) as batch_op:
        batch_op.add_column(sa.Column('can_write', sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table('consents', schema=None) as batch_op:
        batch_op.add_column(sa.Column('paused_at', UtcDateTime(), nullable=True))

    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        batch_op.add_column(sa.Column('writable_ids', Lines(), server_default='', nullable=False))
    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        # It was for the rows that are there already; new ones always bring a value.
        batch_op.alter_column('writable_ids', server_default=None)



def downgrade() -> None:
    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        batch_op.drop_column('writable_ids')

    with op.batch_alter_table('consents', schema=None) as batch_op:
        batch_op.drop_column('paused_at')

    with op.batch_alter_table('consent_mementos', schema=None) as batch_op:
        batch_op.drop_column('can_write')

    with op.batch_alter_table('access_records', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_access_records_minute'))
        batch_op.drop_index(batch_op.f('ix_access_records_memento_id'))

    op.drop_table('access_records')
    with op.batch_alter_table('saved_mementos', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_saved_mementos_memento_id'))
        batch_op.drop_index(batch_op.f('ix_saved_mementos_integration_id'))
        batch_op.drop_index(batch_op.f('ix_saved_mementos_client_id'))

    op.drop_table('saved_mementos')
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_expires_at'))
        batch_op.drop_index(batch_op.f('ix_idempotency_keys_client_id'))

    op.drop_table('idempotency_keys')
