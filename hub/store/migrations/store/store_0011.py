"""Remember which alarms stand, so that each is raised once for all processes."""

import sqlalchemy as sa
from alembic import op

revision = "store_0011"
down_revision = "store_0010"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "alarm",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "platform", name="pk_alarm"),
        sqlite_with_rowid=False,
    )
