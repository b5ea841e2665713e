"""the dashboard

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    op.create_table('invitations',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('organization_id', sa.String(length=40), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('label', sa.String(length=100), nullable=False),
    sa.Column('invited_by_user_id', sa.String(length=40), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.Column('accepted_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("role IN ('owner', 'admin', 'member')", name=op.f('ck_invitations_role')),
    sa.ForeignKeyConstraint(['invited_by_user_id'], ['users.id'], name=op.f('fk_invitations_invited_by_user_id_users'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_invitations_organization_id_organizations'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('digest', name=op.f('uq_invitations_digest'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitations_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_invited_by_user_id'), ['invited_by_user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_organization_id'), ['organization_id'], unique=False)

    op.create_table('client_logos',
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('image', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['clients.client_id'], name=op.f('fk_client_logos_client_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('client_id', name=op.f('pk_client_logos'))
    )
    op.create_table('client_origins',
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('origin', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['clients.client_id'], name=op.f('fk_client_origins_client_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('client_id', 'origin', name=op.f('pk_client_origins'))
    )
    with op.batch_alter_table('client_origins', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_client_origins_origin'), ['origin'], unique=False)

    with op.batch_alter_table('clients', schema=None) as batch_op:
        batch_op.add_column(sa.Column('privacy_url', sa.String(length=2000), server_default='', nullable=False))
        batch_op.add_column(sa.Column('terms_url', sa.String(length=2000), server_default='', nullable=False))
        batch_op.add_column(sa.Column('optional_scope', sa.String(length=1000), server_default='', nullable=False))
        batch_op.add_column(sa.Column('access_token_lifetime', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('refresh_token_lifetime', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('drafted_at', UtcDateTime(), nullable=True))

    with op.batch_alter_table('client_secrets', schema=None) as batch_op:
        batch_op.add_column(sa.Column('label', sa.String(length=100), server_default='', nullable=False))
        batch_op.add_column(sa.Column('created_by_user_id', sa.String(length=40), nullable=True))

    # The defaults were for the rows that are there already; new ones always bring a value.
    with op.batch_alter_table('clients', schema=None) as batch_op:
        for column in ('privacy_url', 'terms_url', 'optional_scope', 'version'):
            batch_op.alter_column(column, server_default=None)
    with op.batch_alter_table('client_secrets', schema=None) as batch_op:
        batch_op.alter_column('label', server_default=None)

    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_events_organization_id_occurred_at'))
        batch_op.create_index(batch_op.f('ix_audit_events_organization_id_occurred_at_id'), ['organization_id', 'occurred_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_events_client_id_occurred_at'), ['client_id', 'occurred_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_events_client_id_occurred_at'))
        batch_op.drop_index(batch_op.f('ix_audit_events_organization_id_occurred_at_id'))
        batch_op.create_index(batch_op.f('ix_audit_events_organization_id_occurred_at'), ['organization_id', 'occurred_at'], unique=False)

    with op.batch_alter_table('client_secrets', schema=None) as batch_op:
        batch_op.drop_column('created_by_user_id')
        batch_op.drop_column('label')

    with op.batch_alter_table('clients', schema=None) as batch_op:
        batch_op.drop_column('drafted_at')
        batch_op.drop_column('version')
        batch_op.drop_column('refresh_token_lifetime')
        batch_op.drop_column('access_token_lifetime')
        batch_op.drop_column('optional_scope')
        batch_op.drop_column('terms_url')
        batch_op.drop_column('privacy_url')

    with op.batch_alter_table('client_origins', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_client_origins_origin'))

    op.drop_table('client_origins')
    op.drop_table('client_logos')
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitations_organization_id'))
        batch_op.drop_index(batch_op.f('ix_invitations_invited_by_user_id'))
        batch_op.drop_index(batch_op.f('ix_invitations_expires_at'))

    op.drop_table('invitations')
