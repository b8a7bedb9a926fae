"""Add what tells an older copy of the store from the present one."""

import sqlalchemy as sa
from alembic import op

revision = "store_0003"
down_revision = "store_0002"


def upgrade() -> None:
    """Create the table of the store's name and pulse."""
    op.create_table(
        "kinship",
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("pulse", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_kinship")),
        sqlite_with_rowid=False,
    )
