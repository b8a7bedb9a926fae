"""The parking place, and who owns it."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

partition_owner = Table(
    "partition_owner",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("token", Text),
    Column("left_epoch", BigInteger),
    Column("left_committed", BigInteger),
    Column("left_outcomes", BigInteger),
)
"""The epoch of the worker that owns a partition's lanes; it only rises. `token` names its taking over for ever.

`left_...` is the farewell of the owner of the epoch `left_epoch`; it counts as long as nobody came after that one.
"""

parked = Table(
    "parked",
    STORE,
    Column("message_id", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("ordering_key", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("code", Text, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Index(None, "partition", "ordering_key", "platform", "offset", "place"),
    Index(None, "partition", "offset"),
)
"""The parking place. (`partition`, `offset`, `place`) orders a lane.

A `settled` row is a tombstone: it has no envelope, and it goes when its record is committed.
"""
