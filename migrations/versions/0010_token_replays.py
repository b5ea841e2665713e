"""token replays

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = '0010'
down_revision = '0009'


def upgrade() -> None:
    op.create_table('token_replays',
    sa.Column('family_id', sa.String(length=40), nullable=False),
    sa.Column('grant_id', sa.String(length=40), nullable=False),
    sa.Column('presented', sa.String(length=13), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("presented IN ('code', 'refresh_token')", name=op.f('ck_token_replays_presented')),
    sa.ForeignKeyConstraint(['grant_id'], ['consents.grant_id'], name=op.f('fk_token_replays_grant_id_consents'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('family_id', name=op.f('pk_token_replays'))
    )
    with op.batch_alter_table('token_replays', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_token_replays_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_token_replays_grant_id_at'), ['grant_id', 'at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('token_replays', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_token_replays_grant_id_at'))
        batch_op.drop_index(batch_op.f('ix_token_replays_at'))

    op.drop_table('token_replays')
