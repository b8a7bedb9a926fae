"""What was told of dossiers, what is to be told, and how far that is."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

event_message = Table(
    "event_message",
    STORE,
    Column("message_id", Text, primary_key=True),
    Column("ordering_key", Text, nullable=False),
    Column("sender_agency", Text, nullable=False),
    Column("sender_system", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("owed", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The messages of which status events tell: who sent each, how many deliveries it owes and how many were delivered."""

event_delivery = Table(
    "event_delivery",
    STORE,
    Column("message_id", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("told", Text, nullable=False),
    Column("late", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""What was told of each delivery last; "" when it has to be told again. `late`: that it is late was told."""

event_dossier = Table(
    "event_dossier",
    STORE,
    Column("ordering_key", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The number of the last status event of each dossier."""

event_outbox = Table(
    "event_outbox",
    STORE,
    Column("partition", Integer, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
"""Status events that are not known to be in the log, in the order in which they go there."""

event_known = Table("event_known", STORE, Column("event_id", Text, primary_key=True), sqlite_with_rowid=False)
"""Status events that the log holds and whose source was not read again since the store was lost."""

event_source = Table(
    "event_source",
    STORE,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How far each partition of the log was turned into status events."""

event_partition = Table(
    "event_partition",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_place", BigInteger, nullable=False),
    Column("learnt_to", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("held_until", Instant),
)
"""Per partition of the status events: the next place in the outbox, up to where the log's own events are known here,
and who publishes until when. Every writer of a partition's events locks its row first.
"""
