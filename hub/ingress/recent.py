"""The messages accepted last, for callers who ask before the read models have seen them."""

from collections import OrderedDict

from schemas.delivery import CommandHeader, DeliveryState, PlannedDelivery
from schemas.timeline import DeliveryLine, Hop, MessageLine

ACCEPTED = "accepted"
"""The event of the first hop."""


class Recent:
    """Remembers the headers of the last `messages_max` accepted messages of this process."""

    def __init__(self, messages_max: int = 10_000) -> None:
        self._messages_max = messages_max
        self._headers: OrderedDict[str, CommandHeader] = OrderedDict()

    def remember(self, header: CommandHeader) -> None:
        """Keep a header, and let go of the oldest when there are too many."""
        self._headers[header.message_id] = header
        if len(self._headers) > self._messages_max:
            self._headers.popitem(last=False)

    def header(self, message_id: str) -> CommandHeader | None:
        """Return the header, or None when the message is not among the last."""
        return self._headers.get(message_id)


def just_accepted(header: CommandHeader) -> MessageLine:
    """Return the line of a message of which nothing is known but that it was accepted."""
    return MessageLine(
        message_id=header.message_id,
        kind=header.kind,
        revision=header.revision,
        sender_agency=header.sender_agency,
        sender_system=header.sender_system,
        accepted_at=header.received_at,
        deliveries=tuple(_waiting(planned) for planned in header.deliveries),
        hops=(Hop(at=header.received_at, event=ACCEPTED),),
    )


def _waiting(planned: PlannedDelivery) -> DeliveryLine:
    return DeliveryLine(
        operation=planned.operation,
        platform=planned.platform,
        part=planned.part,
        of=planned.of,
        state=DeliveryState.WAITING,
        attempts=0,
        code=None,
        next_try_at=None,
        possibly_doubled=False,
    )
