"""Tell which ruling an outcome follows, and find rulings that nothing followed."""

import sqlalchemy as sa
from alembic import op

revision = "store_0010"
down_revision = "store_0007"

_RULED = sa.text("ruling <> ''")
_RULINGS = sa.text("kind = 'ruling'")


def upgrade() -> None:
    """Add the column, and index what is ruled and the rulings."""
    op.add_column("hop", sa.Column("ruling", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_hop_ruling", "hop", ["ruling"], sqlite_where=_RULED, postgresql_where=_RULED)
    op.create_index(
        "ix_message_ruling", "message", ["partition", "offset"], sqlite_where=_RULINGS, postgresql_where=_RULINGS
    )
