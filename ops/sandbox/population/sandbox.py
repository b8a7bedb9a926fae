"""The sandbox population database, put together."""

from ops.sandbox.clock import Clock, SystemClock
from ops.sandbox.ledger import Ledger
from ops.sandbox.population.platform import Population
from ops.sandbox.population.settings import PopulationSettings
from ops.sandbox.sandbox import Placement, Sandbox

LEDGER_FILE = "population.ledger.jsonl"


class PopulationSandbox(Sandbox):
    """The database behind its doors; its ledger is `population.ledger.jsonl` in the folder of the placement.

    A row of the ledger is a lookup: MaYeuCau as its key, who asked for which service, and how many records matched.
    It holds nothing of the person asked for.
    """

    def __init__(
        self, placement: Placement, settings: PopulationSettings | None = None, clock: Clock | None = None
    ) -> None:
        clock = clock or SystemClock()
        ledger = Ledger(placement.folder / LEDGER_FILE, clock)
        platform = Population(settings or PopulationSettings(), ledger, clock)
        super().__init__(platform, ledger, placement, clock)
