"""mementos that apps make

Revision 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'


def upgrade() -> None:
    op.create_table('made_mementos',
    sa.Column('memento_id', sa.String(length=40), nullable=False),
    sa.Column('grant_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.ForeignKeyConstraint(['grant_id'], ['consents.grant_id'], name=op.f('fk_made_mementos_grant_id_consents'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['memento_id'], ['mementos.id'], name=op.f('fk_made_mementos_memento_id_mementos'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('memento_id', name=op.f('pk_made_mementos'))
    )
    with op.batch_alter_table('made_mementos', schema=None) as batch_op:
        batch_op.create_index('uq_made_mementos_grant_id_name', ['grant_id', 'name'], unique=True)


def downgrade() -> None:
    op.drop_table('made_mementos')
