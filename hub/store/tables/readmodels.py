"""What the log says, made ready to be asked: the ledger, the audit, and the counts."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

OPEN = text("state IN ('waiting', 'in_flight', 'parked', 'in_doubt')")
"""The states of a delivery that are not final, word for word as the index of open deliveries has them."""

DEAD = text("state = 'dead'")
"""The same for deliveries that only a person can let go."""

RULED = text("ruling <> ''")
"""Outcomes that follow an operator's ruling, word for word as their index has them."""

RULINGS = text("kind = 'ruling'")
"""The same for messages that are rulings."""

message = Table(
    "message",
    STORE,
    Column("message_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("sender_agency", Text, nullable=False),
    Column("sender_system", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Index(None, "ordering_key"),
    Index("ix_message_ruling", "partition", "offset", sqlite_where=RULINGS, postgresql_where=RULINGS),
    sqlite_with_rowid=False,
)
"""The messages, with the position of the first record of each."""

delivery = Table(
    "delivery",
    STORE,
    Column("message_id", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("of", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("platform", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("next_try_at", Instant),
    Column("possibly_doubled", Boolean, nullable=False),
    Column("source_partition", Integer, nullable=False),
    Column("source_offset", BigInteger, nullable=False),
    Index(None, "source_partition", "source_offset"),
    Index("ix_delivery_open", "message_id", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_delivery_dead", "message_id", sqlite_where=DEAD, postgresql_where=DEAD),
    sqlite_with_rowid=False,
)
"""The ledger: where each delivery stands. `place` is its line in the list that acceptance fixed.

`source_offset` is the highest offset known of a record of the message: one that was appended again counts as
settled until its later record is committed too.
"""

hop = Table(
    "hop",
    STORE,
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome_class", Text),
    Column("code", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("next_try_at", Instant),
    Column("possibly_doubled", Boolean, nullable=False),
    Column("sealed", LargeBinary),
    Column("ruling", Text, nullable=False, server_default=""),
    Index(None, "message_id"),
    Index("ix_hop_ruling", "ruling", sqlite_where=RULED, postgresql_where=RULED),
)
"""One row per outcome record. `sealed` is its whole envelope where the platform said something, else null.

`ruling` is the message id of the operator's ruling that brought it about, or "".
"""

audit = Table(
    "audit",
    STORE,
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("event", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("agency", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("dossier_code", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Index(None, "request_id"),
    Index(None, "subject"),
)
"""The audit, one row per record of the log."""

tally = Table(
    "tally",
    STORE,
    Column("platform", Text, primary_key=True),
    Column("figure", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Counts kept up with every projected batch: per platform one figure per state and `possibly_doubled`.

The platform "" holds the figure `accepted`.
"""

projection = Table(
    "projection",
    STORE,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How far each partition of the log was projected."""
