"""Runs of the reconciliation, and what they found."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

reconciliation = Table(
    "reconciliation",
    STORE,
    Column("run_id", Text, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("dossier", Text),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("interval_ms", BigInteger, nullable=False),
    Column("calls_max", BigInteger, nullable=False),
    Column("resend_max", BigInteger, nullable=False),
    Column("lacking_percent_max", Integer),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("requested_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("after", Text, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("compared", BigInteger, nullable=False),
    Column("alike", BigInteger, nullable=False),
    Column("in_progress", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("held_until", Instant),
    Index(None, "requested_at"),
    sqlite_with_rowid=False,
)
"""Runs of the reconciliation. `after` is the last message that was compared; `holder` works on the run until then."""

reconciliation_difference = Table(
    "reconciliation_difference",
    STORE,
    Column("run_id", Text, primary_key=True),
    Column("ordering_key", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("follows", Text, nullable=False),
    Column("shown", Text),
    Column("fields", Text, nullable=False),
    Column("found_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""What a run found: one row per dossier over which ledger and platform differ. `fields` are names, by commas."""
