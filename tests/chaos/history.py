"""What the sender saw: which states were acknowledged under which message id, and every answer."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class History:
    """`acknowledged` maps (canonical code, revision) to the message id of the 202; `answers` counts all answers."""

    acknowledged: dict[tuple[str, int], str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)

    def saw(self, answer: str) -> None:
        """Count an answer, or the class of what came in its place."""
        self.answers[answer] += 1

    def acknowledge(self, code: str, revision: int, message_id: str) -> None:
        """Note which message a state became."""
        self.acknowledged[code, revision] = message_id
