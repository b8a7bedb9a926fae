"""What the portal holds: dossiers and their rows of progress. Every change is a row of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from ops.sandbox.ledger import Effect, Ledger, Origin, Row

Record = dict[str, object]

CREATED = "dossier_created"
UPDATED = "dossier_updated"
PROGRESS = "progress"
LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Book:
    """Dossiers by their code as it was spelled; nothing is recognised as a repeat beyond an existing code."""

    ledger: Ledger
    _latest: dict[str, int]
    _steps: dict[str, int]

    @classmethod
    def opened(cls, ledger: Ledger) -> "Book":
        """Begin empty; rows of an earlier run come through `restore`."""
        return cls(ledger, {}, {})

    def restore(self, row: Row) -> None:
        """Take in a row of the ledger."""
        self._take_in(row["seq"], row["kind"], row["key"])

    def knows(self, code: str) -> bool:
        """Whether the dossier exists."""
        return code in self._latest

    def store(self, origin: Origin, effects: Sequence[Effect]) -> None:
        """Make effects happen. OSError when they cannot be written; none happens then."""
        if not effects:
            return
        for seq, effect in zip(self.ledger.append(origin, effects), effects, strict=True):
            self._take_in(seq, effect.kind, effect.key)

    def latest(self, code: str) -> Record | None:
        """Return the latest state of a dossier."""
        seq = self._latest.get(code)
        if seq is None:
            return None
        record: Record = self.ledger.row(seq)["data"]
        return record

    def state(self) -> dict[str, object]:
        """Return the sizes."""
        return {"dossiers": len(self._latest), "progress_rows": sum(self._steps.values())}

    def _take_in(self, seq: int, kind: str, key: str) -> None:
        if kind in (CREATED, UPDATED):
            self._latest[key] = seq
        elif kind == PROGRESS:
            self._steps[key] = self._steps.get(key, 0) + 1
