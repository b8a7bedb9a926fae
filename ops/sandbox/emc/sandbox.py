"""The sandbox EMC, put together."""

from ops.sandbox.clock import Clock, SystemClock
from ops.sandbox.emc.platform import Emc
from ops.sandbox.emc.settings import EmcSettings
from ops.sandbox.ledger import Ledger
from ops.sandbox.sandbox import Placement, Sandbox

LEDGER_FILE = "emc.ledger.jsonl"


class EmcSandbox(Sandbox):
    """EMC behind its doors; its ledger is `emc.ledger.jsonl` in the folder of the placement.

    A row of the ledger is one event as it came, MaHoSo being its key.
    """

    def __init__(self, placement: Placement, settings: EmcSettings | None = None, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        ledger = Ledger(placement.folder / LEDGER_FILE, clock)
        super().__init__(Emc(settings or EmcSettings(), ledger), ledger, placement, clock)
