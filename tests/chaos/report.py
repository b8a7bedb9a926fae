"""What came of a run, as flaws and as one table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.sandbox.verdict import Tally, Verdict
from tests.chaos.check import Check
from tests.chaos.history import History
from tests.chaos.lookups import Lookups
from tests.chaos.machine import machine
from tests.chaos.read_model import Told
from tests.chaos.supervisor import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is known in the end. Times in seconds."""

    home: str
    seed: int
    dossiers: int
    endings: Sequence[Ending]
    befell: Sequence[str]
    history: History
    verdict: Verdict
    check: Check
    tracking: Tally
    tracking_check: Check
    lookups: Lookups
    asides: Sequence[str]
    told: Told
    log_events: Counter[str]
    requests: Mapping[str, int]
    sending_s: float
    settling_s: float
    total_s: float

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return len(self.endings) or len(self.befell)

    @property
    def flaws(self) -> list[str]:
        """Everything that breaks a promise."""
        said = (self.check.flaws, self.tracking_check.flaws, self.lookups.flaws, self.told.flaws)
        return [*self._judged(), *(flaw for flaws in said for flaw in flaws), *self._untold()]

    def _tallies(self) -> Sequence[tuple[str, Tally]]:
        return ("states", self.verdict.states), ("progress", self.verdict.progress), ("EMC events", self.tracking)

    def _judged(self) -> Iterator[str]:
        for name, tally in self._tallies():
            counts = tally.counts()
            for sort in ("lost", "doubled", "reordered", "invented", "stale"):
                if counts[sort] and (name == "states" or sort != "doubled"):
                    yield f"{counts[sort]} effects of {name} are {sort}"

    def _untold(self) -> Iterator[str]:
        for code, revision, part in sorted(self.check.doubled - self.told.possibly_doubled):
            yield f"{code} revision {revision} part {part}: doubled, and the hub does not say so"
        for code, revision, _ in sorted(self.tracking_check.doubled - self.told.possibly_twice):
            yield f"{code} revision {revision}: EMC was told twice, and the hub does not say so"

    def table(self) -> str:
        """Return the run as text."""
        return "\n".join([*self._head(), *self._lives(), *self._effects(), *self._end()])

    def _head(self) -> Iterator[str]:
        yield f"on {machine()}"
        acknowledged = len(self.history.acknowledged)
        yield f"{self.home}, seed {self.seed}: {self.dossiers} dossiers, {acknowledged} states acknowledged"
        yield f"  answers to the sender: {_listed(self.history.answers)}"
        yield f"  calls at the portal:   {_listed(self.requests)}"
        times = f"sending {self.sending_s:.1f} s, settling {self.settling_s:.1f} s, in all {self.total_s:.1f} s"
        yield f"  {times}; hub's own warnings and errors: {_listed(self.log_events) or 'none'}"

    def _lives(self) -> Iterator[str]:
        yield f"beside each kill: {'; '.join(self.asides)}"
        yield from (f"  {blow}" for blow in self.befell)
        if not self.endings:
            return
        yield f"{'life':>4}  {'killed at':<40} {'door open':>10} {'lived':>8}  {'trouble':<24} disk"
        for number, ending in enumerate(self.endings, 1):
            life = ending.life
            killed = f"{life} (killed from outside)" if ending.instead else str(life)
            opened = "-" if ending.start_s is None else f"{ending.start_s:.2f} s"
            trouble = "" if life.trouble is None else str(life.trouble)
            disk = "" if life.slow is None else "slow"
            yield f"{number:>4}  {killed:<40} {opened:>10} {ending.lived_s:>6.1f} s  {trouble:<24} {disk}".rstrip()

    def _effects(self) -> Iterator[str]:
        yield f"{'':10} {'expected':>9} {'effects':>9} {'lost':>6} {'doubled':>8} {'reordered':>10} {'invented':>9}"
        for name, tally in self._tallies():
            counts = tally.counts()
            yield (
                f"{name:<10} {counts['expected']:>9} {counts['effects']:>9} {counts['lost']:>6} "
                f"{counts['doubled']:>8} {counts['reordered']:>10} {counts['invented']:>9}"
            )
        admitted = len(self.told.possibly_doubled)
        yield f"  progress calls doubled at the portal: {len(self.check.doubled)}; the hub says possibly: {admitted}"
        admitted = len(self.told.possibly_twice)
        yield f"  EMC events doubled: {len(self.tracking_check.doubled)}; the hub says possibly: {admitted}"
        told = self.lookups
        yield f"  lookups: {_listed(told.answers)}"
        yield f"  lookups answered {told.data}, calls at the source {told.calls}, records of the audit {told.records}"
        yield f"  stuck: {self.told.stuck}; asked an operator: {self.told.asked}"
        yield f"  status events: {self.told.events}, repeats under their own number aside"
        yield f"  deliveries {self.told.deliveries}, tries of the last owner {self.told.attempts}"

    def _end(self) -> Iterator[str]:
        flaws = self.flaws
        yield f"flaws: {len(flaws) or 'none'}"
        yield from (f"  {flaw}" for flaw in flaws[:20])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))
