"""Flights: requests under way, so that a repeat joins the first one instead of racing it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from hub.errors import Conflict, Overloaded
from schemas.receipt import Receipt

RETRY_AFTER_S = 1

FlightKey = tuple[str, str]
"""(sender, idempotency key)."""


@dataclass(frozen=True, slots=True)
class _Flight:
    fingerprint: bytes
    task: asyncio.Task[Receipt]


class Flights:
    """At most `flights_max` requests under way, one per (sender, key).

    A request once started is finished, whether or not its caller still waits: others may have joined it, and between
    the reservation and the append nothing should be left half done.
    """

    def __init__(self, flights_max: int) -> None:
        self._flights_max = flights_max
        self._flights: dict[FlightKey, _Flight] = {}

    async def join(
        self, key: FlightKey, fingerprint: bytes, start: Callable[[], Coroutine[None, None, Receipt]]
    ) -> Receipt:
        """Return what comes of the request of this key, which is started unless it is under way.

        Errors: Conflict when another body is under way with the key; Overloaded; whatever the request raises.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._started(key, fingerprint, start)
        elif flight.fingerprint != fingerprint:
            raise Conflict("another body is under way with this key")
        return await asyncio.shield(flight.task)

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        while self._flights:
            await asyncio.wait([flight.task for flight in self._flights.values()])

    def _started(
        self, key: FlightKey, fingerprint: bytes, start: Callable[[], Coroutine[None, None, Receipt]]
    ) -> _Flight:
        if len(self._flights) >= self._flights_max:
            raise Overloaded("requests under way", retry_after_s=RETRY_AFTER_S)
        flight = self._flights[key] = _Flight(fingerprint, asyncio.create_task(start()))
        flight.task.add_done_callback(lambda _: self._flights.pop(key))
        return flight
