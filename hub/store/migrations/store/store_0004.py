"""Find what is not final without looking through what is."""

import sqlalchemy as sa
from alembic import op

revision = "store_0004"
down_revision = "store_0003"

_OPEN = sa.text("state IN ('waiting', 'in_flight', 'parked', 'in_doubt')")


def upgrade() -> None:
    """Index the open deliveries."""
    op.create_index("ix_delivery_open", "delivery", ["message_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
