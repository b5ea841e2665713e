"""consents of one installation, what they were given for, and what happened to them

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'

_AT = sa.DateTime(timezone=True).with_variant(sa.String(length=32), 'sqlite')


def upgrade() -> None:
    with op.batch_alter_table('consents', schema=None) as batch_op:
        # Empty for what the version writes that runs before this one: a registered client, and the API.
        batch_op.add_column(sa.Column('installation', sa.String(length=64), server_default=sa.text("''"), nullable=False))
        batch_op.add_column(sa.Column('resources', sa.String(length=1000), server_default=sa.text("''"), nullable=False))
        batch_op.create_index(
            'uq_consents_user_id_client_id_installation_unrevoked',
            ['user_id', 'client_id', 'installation'],
            unique=True,
            sqlite_where=sa.text('revoked_at IS NULL'),
            postgresql_where=sa.text('revoked_at IS NULL'),
        )
    op.create_table('consent_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.String(length=40), nullable=False),
    sa.Column('grant_id', sa.String(length=40), nullable=False),
    sa.Column('client_key', sa.String(length=40), nullable=False),
    sa.Column('client_name', sa.String(length=100), nullable=False),
    sa.Column('at', _AT, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('actor', sa.String(length=8), nullable=False),
    sa.Column('changed', sa.Text(), nullable=False),
    sa.CheckConstraint("actor IN ('person', 'app', 'admin', 'operator')", name=op.f('ck_consent_events_actor')),
    sa.CheckConstraint("kind IN ('given', 'widened', 'narrowed', 'paused', 'resumed', 'ended')", name=op.f('ck_consent_events_kind')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_consent_events_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_events'))
    )
    with op.batch_alter_table('consent_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consent_events_user_id_grant_id_id'), ['user_id', 'grant_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_table('consent_events')
    with op.batch_alter_table('consents', schema=None) as batch_op:
        batch_op.drop_index('uq_consents_user_id_client_id_installation_unrevoked')
        batch_op.drop_column('resources')
        batch_op.drop_column('installation')
