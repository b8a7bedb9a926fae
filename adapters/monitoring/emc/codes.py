"""Code lists of EMC's dossier tracking (`TrackingMCDT`), from the hub's words."""

from types import MappingProxyType

from adapters.monitoring.emc.config import Level
from schemas.dossier import Channel, DossierStatus, FeePayment

OTHER, RECEIVED, PROCESSING, RETURNED = "0", "1", "2", "3"

STATUS = MappingProxyType(
    {
        DossierStatus.REGISTERED: RECEIVED,
        DossierStatus.ACCEPTED: RECEIVED,
        DossierStatus.NOT_ACCEPTED: OTHER,
        DossierStatus.PROCESSING: PROCESSING,
        DossierStatus.SUPPLEMENT_REQUESTED: OTHER,
        DossierStatus.PAYMENT_REQUESTED: OTHER,
        DossierStatus.WITHDRAWN: OTHER,
        DossierStatus.STOPPED: OTHER,
        DossierStatus.FINISHED: RETURNED,
        DossierStatus.RETURNED: RETURNED,
    }
)
"""Status. EMC's 4, assigned, is never sent: the portal's ten states have no such state."""

RECEPTION = MappingProxyType({Channel.ONLINE: "1", Channel.COUNTER: "2", Channel.POSTAL: "1"})
"""FormsReception: online or direct; EMC counts postal dossiers as online."""

PAYMENT = MappingProxyType({FeePayment.NONE: "0", FeePayment.ONLINE: "1", FeePayment.OTHER: "2"})
"""FormsPayments: none, online, direct (cash or transfer)."""

LEVEL = MappingProxyType(
    {Level.DIRECT_PARTIAL: "0", Level.DIRECT_FULL: "1", Level.ONLINE_PARTIAL: "3", Level.ONLINE_FULL: "4"}
)
"""Level."""

COUNTER, POST = "0", "1"
"""IsDVCBC: the counter, the public post; 2, another carrier, is a thing that no sender tells the hub."""

ENTERPRISE, PERSON = "1", "2"
"""TYPE of User."""
