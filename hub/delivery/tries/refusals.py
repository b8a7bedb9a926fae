"""Equal refusals of different dossiers in a row: who says the same to everybody does not mean the message."""

import re

_CASES_MAX = 16
_TEXT_CHARS_MAX = 200
_PARTICULAR = re.compile(r"\S*\d\S*")

Refusal = tuple[str, str]
"""Code and text, without what is particular to one message: every word with a digit in it."""


class Refusals:
    """Remembers, per operation, who was refused how since the last success; a dossier counts once.

    With an `equal_max` of 0 nothing ever concerns the hub. A restart begins to count anew.
    """

    def __init__(self, equal_max: int = 10) -> None:
        self._equal_max = equal_max
        self._refused: dict[str, dict[Refusal, set[str]]] = {}

    def concern_us(self, operation: str, ordering_key: str, code: str, text: str) -> bool:
        """Note a refusal. Whether as many dossiers as `equal_max` have met the same one."""
        if not self._equal_max:
            return False
        cases = self._refused.setdefault(operation, {})
        refusal = (code, _PARTICULAR.sub("#", text[:_TEXT_CHARS_MAX]))
        if refusal not in cases and len(cases) >= _CASES_MAX:
            return False
        dossiers = cases.setdefault(refusal, set())
        if len(dossiers) < self._equal_max:
            dossiers.add(ordering_key)
        return len(dossiers) >= self._equal_max

    def forget(self, operation: str) -> None:
        """The operation succeeded for somebody: what was refused was at fault itself."""
        self._refused.pop(operation, None)
