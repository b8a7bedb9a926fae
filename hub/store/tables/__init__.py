"""The tables of the store and of the key store, by who writes them. The migrations create exactly these."""

from hub.store.tables.data_keys import data_key, master_key
from hub.store.tables.desk import operator_order, order_item
from hub.store.tables.installation import alarm, kinship
from hub.store.tables.intake import dossier, inbox
from hub.store.tables.lanes import parked, partition_owner
from hub.store.tables.metadata import KEYS, STORE
from hub.store.tables.readmodels import DEAD, OPEN, RULED, RULINGS, audit, delivery, hop, message, projection, tally
from hub.store.tables.runs import reconciliation, reconciliation_difference
from hub.store.tables.status_events import (
    event_delivery,
    event_dossier,
    event_known,
    event_message,
    event_outbox,
    event_partition,
    event_source,
)

__all__ = [
    "DEAD",
    "KEYS",
    "OPEN",
    "RULED",
    "RULINGS",
    "STORE",
    "alarm",
    "audit",
    "data_key",
    "delivery",
    "dossier",
    "event_delivery",
    "event_dossier",
    "event_known",
    "event_message",
    "event_outbox",
    "event_partition",
    "event_source",
    "hop",
    "inbox",
    "kinship",
    "master_key",
    "message",
    "operator_order",
    "order_item",
    "parked",
    "partition_owner",
    "projection",
    "reconciliation",
    "reconciliation_difference",
    "tally",
]
