"""requests of apps

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('request_records',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('client_id', sa.String(length=60), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('endpoint', sa.String(length=9), nullable=False),
    sa.Column('error', sa.String(length=40), nullable=True),
    sa.Column('reason', sa.String(length=40), nullable=True),
    sa.Column('grant_type', sa.String(length=60), nullable=False),
    sa.Column('redirect_uri', sa.String(length=2000), nullable=False),
    sa.Column('expected_uri', sa.String(length=2000), nullable=False),
    sa.Column('scope', sa.String(length=300), nullable=False),
    sa.Column('detail', sa.String(length=200), nullable=False),
    sa.CheckConstraint("endpoint IN ('authorize', 'token')", name=op.f('ck_request_records_endpoint')),
    sa.ForeignKeyConstraint(['client_id'], ['clients.client_id'], name=op.f('fk_request_records_client_id_clients'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_request_records'))
    )
    with op.batch_alter_table('request_records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_request_records_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_request_records_client_id_at'), ['client_id', 'at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('request_records', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_request_records_client_id_at'))
        batch_op.drop_index(batch_op.f('ix_request_records_at'))

    op.drop_table('request_records')
