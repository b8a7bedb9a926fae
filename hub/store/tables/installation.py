"""What the installation knows of itself: its name, and the alarms that stand."""

from sqlalchemy import BigInteger, Column, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

kinship = Table(
    "kinship",
    STORE,
    Column("store_id", Text, primary_key=True),
    Column("pulse", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The store's own name, and the number of the last pulse that it sent into the log: one row."""

alarm = Table(
    "alarm",
    STORE,
    Column("kind", Text, primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""The alarms that stand. A row is there from the raising of an alarm to its end, whichever process saw either."""
