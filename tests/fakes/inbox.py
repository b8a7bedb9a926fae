"""An inbox in memory."""

from collections.abc import Mapping

from hub.ports import ProjectedBatch, Reservation, ReservationState, Reserved


class MemoryInbox:
    """The `Inbox` port in memory, and of the `Projection` port what tells it what the log holds."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Reservation] = {}
        self._heads: dict[str, tuple[str, int]] = {}
        self.accepted: set[str] = set()

    async def reserve(self, reservation: Reservation) -> Reserved:
        """As the port."""
        first = self._known.get((reservation.sender, reservation.key))
        if first is not None:
            return self._said(self._repeat(first, reservation), first)
        spelling, revision = self._heads.get(reservation.ordering_key, (reservation.code_as_given, 0))
        if revision >= reservation.revision:
            return self._said(ReservationState.REVISION_BACKWARDS, reservation)
        self._known[reservation.sender, reservation.key] = reservation
        self._heads[reservation.ordering_key] = spelling, reservation.revision
        return self._said(ReservationState.NEW, reservation)

    async def next_offset(self, topic: str, partition: int) -> int:
        """As the port; nothing is remembered."""
        return 0

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """As the port, for commands."""
        for header in (projected.command for batch in batches.values() for projected in batch.records):
            if header is not None:
                self.accepted.add(header.message_id)
                first = (header.code_as_given or header.ordering_key, 0)
                spelling, revision = self._heads.get(header.ordering_key, first)
                self._heads[header.ordering_key] = spelling, max(revision, header.revision)

    def _repeat(self, first: Reservation, again: Reservation) -> ReservationState:
        if first.fingerprint != again.fingerprint:
            return ReservationState.OTHER_BODY
        if first.message_id in self.accepted:
            return ReservationState.ACCEPTED
        _, revision = self._heads[first.ordering_key]
        return ReservationState.OVERTAKEN if revision > again.revision else ReservationState.RESERVED

    def _said(self, state: ReservationState, first: Reservation) -> Reserved:
        spelling, _ = self._heads[first.ordering_key]
        return Reserved(state, first.message_id, first.received_at, spelling)
