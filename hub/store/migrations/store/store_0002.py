"""Add the status events."""

import sqlalchemy as sa
from alembic import op

revision = "store_0002"
down_revision = "store_0001"


def upgrade() -> None:
    """Create the tables of the status events."""
    _told()
    _outbox()
    _places()


def _told() -> None:
    op.create_table(
        "event_message",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("ordering_key", sa.Text, nullable=False),
        sa.Column("sender_agency", sa.Text, nullable=False),
        sa.Column("sender_system", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("owed", sa.Integer, nullable=False),
        sa.Column("delivered", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_event_message")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_delivery",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "operation", "part", name=op.f("pk_event_delivery")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_dossier",
        sa.Column("ordering_key", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("ordering_key", name=op.f("pk_event_dossier")),
        sqlite_with_rowid=False,
    )


def _outbox() -> None:
    op.create_table(
        "event_outbox",
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("ordering_key", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("partition", "place", name=op.f("pk_event_outbox")),
    )
    op.create_table(
        "event_known",
        sa.Column("event_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_known")),
        sqlite_with_rowid=False,
    )


def _places() -> None:
    op.create_table(
        "event_source",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_event_source")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_partition",
        sa.Column("partition", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("next_place", sa.BigInteger, nullable=False),
        sa.Column("learnt_to", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("held_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_event_partition")),
    )
