"""what screens showed

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        batch_op.add_column(sa.Column('picker_shown', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('consent_shown', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('account_chosen_at', UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('authorization_requests', schema=None) as batch_op:
        batch_op.drop_column('account_chosen_at')
        batch_op.drop_column('consent_shown')
        batch_op.drop_column('picker_shown')
