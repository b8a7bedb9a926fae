"""What the portal holds: dossiers and their rows of progress. Every change is a row of the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ops.sandbox.ledger import Effect, Filter, Ledger, Origin, Row
from ops.sandbox.platform import NotOffered

Record = dict[str, object]

CREATED = "dossier_created"
UPDATED = "dossier_updated"
PROGRESS = "progress"
LOOKUP = "lookup"
LOST = "dossier_lost"
SET_BACK = "dossier_set_back"
ALTERED = "dossier_altered"
INVENTED = "dossier_invented"

_STATES = frozenset({CREATED, UPDATED, SET_BACK, ALTERED, INVENTED})
_ROWS_MAX = 10_000


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

    def tamper(self, origin: Origin, order: str, code: str, fields: Mapping[str, str]) -> None:
        """Change what is held, as accidents do that no sender has a part in. NotOffered when it cannot be done."""
        self.store(origin, [self._accident(order, code, fields)])

    def _accident(self, order: str, code: str, fields: Mapping[str, str]) -> Effect:
        held = self.latest(code)
        if (held is None) != (order == "invent"):
            raise NotOffered(f"there is {'no' if held is None else 'already a'} dossier of this code")
        match order:
            case "lose":
                return Effect(LOST, code, None)
            case "set_back":
                return Effect(SET_BACK, code, self._before_last(code))
            case "alter":
                return Effect(ALTERED, code, {**(held or {}), **fields})
            case "invent":
                return Effect(INVENTED, code, {"MaHoSo": code, "TrangThaiHoSo": "2", **fields})
        raise NotOffered("the portal's book can lose, set_back, alter and invent a dossier")

    def _before_last(self, code: str) -> Record:
        rows = (self.ledger.row(seq) for seq, _ in self.ledger.lines(Filter(key=code), 0, _ROWS_MAX))
        states = [row["data"] for row in rows if row["kind"] in _STATES]
        if len(states) < 2:  # noqa: PLR2004 - the last state and the one before it
            raise NotOffered("there is no earlier state of this dossier")
        earlier: Record = states[-2]
        return earlier

    def _take_in(self, seq: int, kind: str, key: str) -> None:
        if kind in _STATES:
            self._latest[key] = seq
        elif kind == LOST:
            self._latest.pop(key, None)
        elif kind == PROGRESS:
            self._steps[key] = self._steps.get(key, 0) + 1
