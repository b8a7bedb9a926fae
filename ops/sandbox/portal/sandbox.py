"""The sandbox portal, put together."""

from ops.sandbox.clock import Clock, SystemClock
from ops.sandbox.ledger import Ledger
from ops.sandbox.portal.platform import Portal
from ops.sandbox.portal.settings import PortalSettings
from ops.sandbox.sandbox import Placement, Sandbox

LEDGER_FILE = "national_portal.ledger.jsonl"


class PortalSandbox(Sandbox):
    """The portal behind its doors; its ledger is `national_portal.ledger.jsonl` in the folder of the placement."""

    def __init__(
        self, placement: Placement, settings: PortalSettings | None = None, clock: Clock | None = None
    ) -> None:
        clock = clock or SystemClock()
        ledger = Ledger(placement.folder / LEDGER_FILE, clock)
        platform = Portal(settings or PortalSettings(), ledger, clock, placement.seed)
        super().__init__(platform, ledger, placement, clock)
