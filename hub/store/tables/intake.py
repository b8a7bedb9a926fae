"""What requests have taken: keys that were used, and the heads of dossiers."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from hub.store.instant import Instant
from hub.store.tables.metadata import STORE

inbox = Table(
    "inbox",
    STORE,
    Column("sender", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Index(None, "message_id", unique=True),
    sqlite_with_rowid=False,
)
"""What came in, by sender and Idempotency-Key. `accepted`: the message was seen in the log."""

dossier = Table(
    "dossier",
    STORE,
    Column("ordering_key", Text, primary_key=True),
    Column("code_as_given", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The head of every dossier: its first spelling and its highest revision."""
