"""Remember of each partition who took it over, and whether its owner left it with nothing under way."""

import sqlalchemy as sa
from alembic import op

revision = "store_0012"
down_revision = "store_0011"


def upgrade() -> None:
    """Add the columns; of owners so far nothing is known."""
    op.add_column("partition_owner", sa.Column("token", sa.Text))
    for name in ("left_epoch", "left_committed", "left_outcomes"):
        op.add_column("partition_owner", sa.Column(name, sa.BigInteger))
