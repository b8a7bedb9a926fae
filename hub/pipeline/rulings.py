"""What follows from an operator's ruling, from what the delivery is when its lane comes to it. Pure.

A ruling is judged when it is obeyed, not when it was given: what it was given for may be gone by then, and then it is
void. So a ruling that is met twice does nothing a second time.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from hub.pipeline.message_ids import RANDOM_BITS, SEQUENCE_BITS, message_id
from hub.ports import DeliveryId, DoubtRule
from schemas.delivery import DeliveryState
from schemas.ruling import Verdict

REPLAYED = "hub.replayed"
"""The code of a dead delivery that is tried again."""

DISCARDED = "hub.discarded"
"""The code of a dead delivery that was given up."""

SUPERSEDED = "hub.superseded"
"""The code of a delivery that is not sent (again), because a newer state of its dossier says it all."""

SETTLED = "hub.settled"
"""The code of a doubt that a person has settled."""

RESENT = "hub.resent"
"""The code of a delivered delivery that is sent again."""

VOID = "hub.ruling_void"
"""The code of a ruling that found nothing to do."""


@dataclass(frozen=True, slots=True)
class Sequel:
    """What a delivery is from here on, and the code that says why. One that is not final is due at once."""

    state: DeliveryState
    code: str

    @property
    def goes_on(self) -> bool:
        """Whether the delivery is tried (again)."""
        return not self.state.final


_SEQUELS = {
    (Verdict.REPLAY, DeliveryState.DEAD): Sequel(DeliveryState.WAITING, REPLAYED),
    (Verdict.DISCARD, DeliveryState.DEAD): Sequel(DeliveryState.WITHDRAWN, DISCARDED),
    (Verdict.SUPERSEDED, DeliveryState.DEAD): Sequel(DeliveryState.WITHDRAWN, SUPERSEDED),
    (Verdict.ARRIVED, DeliveryState.IN_DOUBT): Sequel(DeliveryState.DELIVERED, SETTLED),
    (Verdict.NOT_ARRIVED, DeliveryState.IN_DOUBT): Sequel(DeliveryState.WAITING, SETTLED),
}


def sequel(verdict: Verdict, found: DeliveryState | None) -> Sequel | None:
    """Return what follows for a delivery in its lane that waits for a person; None when the ruling is void.

    `found` is its state, None when no such delivery waits for a person.
    """
    return None if found is None else _SEQUELS.get((verdict, found))


def resent(*, newer: bool) -> Sequel:
    """Return what follows for a delivery that is to be sent again, and is not in its lane.

    With a `newer` state of the dossier on its way, or there, it is not put on top: it counts as delivered, as before.
    """
    return Sequel(DeliveryState.DELIVERED, SUPERSEDED) if newer else Sequel(DeliveryState.WAITING, RESENT)


def starts_in_doubt(on_doubt: DoubtRule) -> bool:
    """Whether what is sent again follows the doubt rule of its operation first: so one that is there is not doubled.

    Where only a person can tell, a person has told.
    """
    return on_doubt is not DoubtRule.OPERATOR


def ruling_id(order_id: str, proposed_at: datetime, delivery: DeliveryId) -> str:
    """Return the message id of a ruling, with the time of its order and no chance in it."""
    name = "\n".join((order_id, delivery.message_id, delivery.operation, str(delivery.part)))
    digest = int.from_bytes(sha256(name.encode()).digest()[:10], "big")
    sequence, random = digest >> (80 - SEQUENCE_BITS), digest & ((1 << RANDOM_BITS) - 1)
    return message_id(int(proposed_at.timestamp() * 1000), sequence, random)
