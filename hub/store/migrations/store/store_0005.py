"""Find what is dead without looking through what is not."""

import sqlalchemy as sa
from alembic import op

revision = "store_0005"
down_revision = "store_0004"

_DEAD = sa.text("state = 'dead'")


def upgrade() -> None:
    """Index the dead deliveries."""
    op.create_index("ix_delivery_dead", "delivery", ["message_id"], sqlite_where=_DEAD, postgresql_where=_DEAD)
