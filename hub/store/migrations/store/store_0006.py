"""Add the orders of operators."""

import sqlalchemy as sa
from alembic import op

revision = "store_0006"
down_revision = "store_0005"


def upgrade() -> None:
    """Create the tables of orders and of what each selects."""
    op.create_table(
        "operator_order",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("approved_by", sa.Text, nullable=False),
        sa.Column("approving_officer", sa.Text, nullable=False),
        sa.Column("stopped_by", sa.Text, nullable=False),
        sa.Column("stopping_officer", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("rate_per_s", sa.Float, nullable=False),
        sa.Column("proposed_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_operator_order")),
    )
    op.create_index("ix_operator_order_state", "operator_order", ["state"])
    op.create_index("ix_operator_order_proposed_at_order_id", "operator_order", ["proposed_at", "order_id"])
    op.create_table(
        "order_item",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("heard_to", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "place", name=op.f("pk_order_item")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_item_order_id_state_place", "order_item", ["order_id", "state", "place"])
