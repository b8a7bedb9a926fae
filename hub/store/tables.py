"""The tables of the store and of the key store. The migrations create exactly these.

Tables that are found by a text key of their own and hold no large values are clustered by that key in SQLite
(`sqlite_with_rowid=False`); PostgreSQL passes over the option.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text

from hub.store.instant import Instant

OPEN = text("state IN ('waiting', 'in_flight', 'parked', 'in_doubt')")
"""The states of a delivery that are not final, word for word as the index of open deliveries has them."""

DEAD = text("state = 'dead'")
"""The same for deliveries that only a person can let go."""

RULED = text("ruling <> ''")
"""Outcomes that follow an operator's ruling, word for word as their index has them."""

RULINGS = text("kind = 'ruling'")
"""The same for messages that are rulings."""

_NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}

STORE = MetaData(naming_convention=_NAMES)
"""The read side and the parking place: `store.db`."""

KEYS = MetaData(naming_convention=_NAMES)
"""The data keys: `keys.db`."""

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

partition_owner = Table(
    "partition_owner",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
)
"""The epoch of the worker that owns a partition's lanes; it only rises."""

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

kinship = Table(
    "kinship",
    STORE,
    Column("store_id", Text, primary_key=True),
    Column("pulse", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The store's own name, and the number of the last pulse that it sent into the log: one row."""

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

alarm = Table(
    "alarm",
    STORE,
    Column("kind", Text, primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    sqlite_with_rowid=False,
)
"""The alarms that stand. A row is there from the raising of an alarm to its end, whichever process saw either."""

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
