"""Create the key store."""

import sqlalchemy as sa
from alembic import op

revision = "keys_0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "master_key",
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_master_key")),
    )
    op.create_table(
        "data_key",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("master_key_id", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("destroyed_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_data_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_data_key_subject"), "data_key", ["subject"], unique=True)
