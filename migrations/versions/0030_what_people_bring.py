"""what people bring

Revision 0030, after 0029. Uploads while they wait and come in, in pieces, with what is left out of them; and what each
memory that came in was made of. The version before knows none of it.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import UtcDateTime

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    states = "state IN ('receiving', 'reading', 'ready', 'writing', 'done', 'failed')"
    op.create_table(
        "imports",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("holder", sa.String(80), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(states, name=op.f("ck_imports_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_imports_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_user_id"), "imports", ["user_id"])
    op.create_index(op.f("ix_imports_expires_at"), "imports", ["expires_at"])
    op.create_index(op.f("ix_imports_state_held_until"), "imports", ["state", "held_until"])
    op.create_table(
        "import_pieces",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("import_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_pieces_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_pieces")),
    )
    op.create_index(op.f("ix_import_pieces_import_id_number"), "import_pieces", ["import_id", "number"])
    op.create_index(op.f("ix_import_pieces_expires_at"), "import_pieces", ["expires_at"])
    op.create_table(
        "import_skips",
        sa.Column("import_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(600), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_skips_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_skips")),
    )
    op.create_table(
        "memory_origins",
        sa.Column("memory_id", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(40), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name=op.f("fk_memory_origins_memory_id_memories"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memory_origins_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("memory_id", name=op.f("pk_memory_origins")),
    )
    op.create_index("uq_memory_origins_user_id_digest", "memory_origins", ["user_id", "digest"], unique=True)


def downgrade() -> None:
    for table in ("memory_origins", "import_skips", "import_pieces", "imports"):
        op.drop_table(table)
