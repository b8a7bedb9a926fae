"""What operators have ordered."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

operator_order = Table(
    "operator_order",
    STORE,
    Column("order_id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approving_officer", Text, nullable=False),
    Column("stopped_by", Text, nullable=False),
    Column("stopping_officer", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("rate_per_s", Float, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "state"),
    Index(None, "proposed_at", "order_id"),
)
"""The orders of operators. `sealed` is an envelope with the reason and the correction of each."""

order_item = Table(
    "order_item",
    STORE,
    Column("order_id", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("heard_to", BigInteger, nullable=False),
    Index(None, "order_id", "state", "place"),
    sqlite_with_rowid=False,
)
"""The deliveries of each order, oldest first. `heard_to`: the last outcome known when its ruling was appended."""
