"""leases, and what a purge looks for

Revision 0018, after 0017. A lease says which process does what only one may do at a time; its instants are the database's
own, in microseconds since 1970. Two indexes let a purge find what is over without looking at everything: sessions that lie
idle, and clients that have ended.
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    op.create_table('leases',
    sa.Column('name', sa.String(40), nullable=False),
    sa.Column('holder', sa.String(80), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('done_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_leases'))
    )
    op.create_index(op.f('ix_sessions_last_used_at'), 'sessions', ['last_used_at'])
    has_ended = sa.text('ended_at IS NOT NULL')
    op.create_index(op.f('ix_clients_ended_at'), 'clients', ['ended_at'], sqlite_where=has_ended, postgresql_where=has_ended)


def downgrade() -> None:
    op.drop_index(op.f('ix_clients_ended_at'), 'clients')
    op.drop_index(op.f('ix_sessions_last_used_at'), 'sessions')
    op.drop_table('leases')
