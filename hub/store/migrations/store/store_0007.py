"""Add the runs of the reconciliation, and what they find."""

import sqlalchemy as sa
from alembic import op

from hub.store.instant import Instant

revision = "store_0007"
down_revision = "store_0006"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "reconciliation",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("dossier", sa.Text),
        sa.Column("since", Instant, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("interval_ms", sa.BigInteger, nullable=False),
        sa.Column("calls_max", sa.BigInteger, nullable=False),
        sa.Column("resend_max", sa.BigInteger, nullable=False),
        sa.Column("lacking_percent_max", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("requested_at", Instant, nullable=False),
        sa.Column("finished_at", Instant),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("compared", sa.BigInteger, nullable=False),
        sa.Column("alike", sa.BigInteger, nullable=False),
        sa.Column("in_progress", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("held_until", Instant),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_reconciliation")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reconciliation_requested_at", "reconciliation", ["requested_at"])
    op.create_table(
        "reconciliation_difference",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("ordering_key", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("follows", sa.Text, nullable=False),
        sa.Column("shown", sa.Text),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("found_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "ordering_key", name=op.f("pk_reconciliation_difference")),
        sqlite_with_rowid=False,
    )
