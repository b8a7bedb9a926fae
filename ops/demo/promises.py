"""What the demonstration promises, judged at the platforms' own ledgers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops.demo.content import VIETNAM
from ops.sandbox.verdict import Expected, Verdict

_WIRE_STATES = {"accepted": "2", "processing": "4", "finished": "9", "returned": "10"}


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence, and whether it held."""

    vi: str
    en: str
    held: bool


def expected(histories: Sequence[Sequence[dict[str, Any]]]) -> list[Expected]:
    """Return what the portal's ledger must hold for dossiers that were sent in these states."""
    return [
        Expected(
            dossier=states[0]["code"],
            states=tuple((_WIRE_STATES[state["status"]],) for state in states),
            progress=tuple(_progress_mark(step) for state in states for step in state["progress"]),
        )
        for states in histories
    ]


def _progress_mark(step: dict[str, Any]) -> tuple[str, ...]:
    at = datetime.fromisoformat(step["at"]).astimezone(VIETNAM)
    return (f"{at:%Y%m%d%H%M%S}", step["content"], _WIRE_STATES[step["status"]])


def delivery_promises(found: Verdict) -> list[Promise]:
    """Return the promises about dossiers. Progress rows have no key at the portal: in doubt they may be there twice."""
    progress = found.progress
    whole = not (progress.lost or progress.reordered or progress.invented or progress.stale)
    return [
        Promise(
            "Mỗi trạng thái hồ sơ đến Cổng đúng một lần, đúng thứ tự",
            "Each state of each dossier reached the portal once, in order",
            found.states.clean and found.states.effects > 0,
        ),
        Promise(
            "Không dòng tiến độ nào bị mất hay đảo thứ tự",
            "No progress row was lost or out of order",
            whole and progress.effects > 0,
        ),
    ]
