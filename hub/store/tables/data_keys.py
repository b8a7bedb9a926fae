"""The data keys, in a file of their own."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import KEYS

master_key = Table("master_key", KEYS, Column("id", Text, primary_key=True))
"""The ids of the master keys under which data keys were wrapped."""

data_key = Table(
    "data_key",
    KEYS,
    Column("key_id", Text, primary_key=True),
    Column("subject", LargeBinary, nullable=False),
    Column("master_key_id", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("destroyed_at", Instant),
    Index(None, "subject", unique=True),
    sqlite_with_rowid=False,
)
"""One wrapped data key per subject; the subject is a keyed digest."""
