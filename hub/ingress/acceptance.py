"""Acceptance: the one way in for messages, whatever door they come through.

authorise -> validate -> reserve in the inbox (durable) -> append to `hub.commands` (durable) -> receipt. Only the
append justifies the receipt. A repeat that finds its reservation without a record appends again under the same id.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.access import Grants, Principal, Service
from hub.errors import Conflict, Invalid
from hub.ingress.flights import Flights
from hub.ingress.message_ids import MessageIds
from hub.ingress.recent import Recent
from hub.ingress.turns import Turns
from hub.pipeline.catalogue import Catalogue
from hub.pipeline.validate import check_submission, require_own_dossier
from hub.ports import Clock, Inbox, Keys, Log, Reservation, ReservationState, Reserved
from hub.sealing import digest, seal
from hub.telemetry import Metrics
from schemas.delivery import CommandHeader, PlannedDelivery
from schemas.dossier import DossierCode, DossierSubmission
from schemas.receipt import Receipt

COMMANDS = "hub.commands"
KIND = "dossier"

Plan = Callable[[DossierSubmission], tuple[PlannedDelivery, ...]]
"""Fixes the deliveries that a submission owes."""


@dataclass(frozen=True, slots=True)
class _Demand:
    """One request, authorised and valid."""

    principal: Principal
    submission: DossierSubmission
    canonical: bytes
    ordering_key: str
    idempotency_key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRooms:
    """What acceptance stands on. `admit` raises Unavailable or Overloaded when there is no room for more."""

    grants: Grants
    catalogue: Catalogue
    inbox: Inbox
    keys: Keys
    log: Log
    clock: Clock
    metrics: Metrics
    plan: Plan
    admit: Callable[[], None]
    fingerprint_key: bytes
    recent: Recent = field(default_factory=Recent)


class Acceptance:
    """Takes submissions in: at most `requests_max` at a time, those of one dossier one after the other."""

    def __init__(self, rooms: AcceptanceRooms, requests_max: int = 2000) -> None:
        self._rooms = rooms
        self._ids = MessageIds(rooms.clock)
        self._flights = Flights(requests_max)
        self._turns = Turns()

    async def accept(self, principal: Principal, submission: DossierSubmission, idempotency_key: str) -> Receipt:
        """Return the receipt; the message is durable when this returns. The same key and body give the same receipt.

        Errors: Forbidden, Invalid, Conflict; Unavailable, Overloaded (nothing accepted); WriteInDoubt.
        """
        started_s = self._rooms.clock.monotonic()
        demand = self._demand(principal, submission, idempotency_key)
        self._rooms.admit()
        receipt = await self._flights.join(
            (principal.sender, idempotency_key), demand.fingerprint, lambda: self._take_in(demand)
        )
        self._rooms.metrics.accept_seconds.observe(self._rooms.clock.monotonic() - started_s)
        return receipt

    async def drain(self) -> None:
        """Wait until every request under way has ended."""
        await self._flights.drain()

    def _demand(self, principal: Principal, submission: DossierSubmission, idempotency_key: str) -> _Demand:
        rooms = self._rooms
        code = DossierCode.parse(submission.code)
        rooms.grants.require(principal, Service.DOSSIER_SUBMIT)
        require_own_dossier(principal, code)
        if broken := check_submission(submission, code, rooms.catalogue, rooms.clock.now()):
            raise Invalid(broken)
        canonical = _canonical(submission)
        fingerprint = digest(rooms.fingerprint_key, "fingerprint", canonical)
        return _Demand(principal, submission, canonical, str(code), idempotency_key, fingerprint)

    async def _take_in(self, demand: _Demand) -> Receipt:
        async with self._turns.take(demand.ordering_key):
            reserved, key = await asyncio.gather(
                self._rooms.inbox.reserve(self._reservation(demand)), self._rooms.keys.key_for(demand.ordering_key)
            )
            _require_free(reserved)
            if reserved.state is ReservationState.OVERTAKEN:
                self._require_recent(reserved)
            elif reserved.state is not ReservationState.ACCEPTED:
                await self._append(demand, reserved, *key)
        return _receipt(demand, reserved)

    def _require_recent(self, reserved: Reserved) -> None:
        """A request that a newer revision has overtaken is accepted only if its record is known to be in the log."""
        if self._rooms.recent.header(reserved.message_id) is None:
            raise Conflict("overtaken by a newer revision", code="caller.revision_backwards")

    def _reservation(self, demand: _Demand) -> Reservation:
        return Reservation(
            sender=demand.principal.sender,
            key=demand.idempotency_key,
            fingerprint=demand.fingerprint,
            message_id=self._ids.make(),
            ordering_key=demand.ordering_key,
            code_as_given=demand.submission.code,
            revision=demand.submission.revision,
            received_at=self._rooms.clock.now(),
        )

    async def _append(self, demand: _Demand, reserved: Reserved, key_id: str, key: bytes) -> None:
        header = self._header(demand, reserved, key_id)
        envelope = seal(header.model_dump_json().encode(), _body(demand, reserved.code_as_given), key)
        started_s = self._rooms.clock.monotonic()
        await self._rooms.log.append(COMMANDS, demand.ordering_key.encode(), envelope.to_bytes())
        self._rooms.metrics.append_seconds.observe(self._rooms.clock.monotonic() - started_s)
        self._rooms.recent.remember(header)
        self._rooms.metrics.accepted_total.inc(header.sender_agency)

    def _header(self, demand: _Demand, reserved: Reserved, key_id: str) -> CommandHeader:
        return CommandHeader(
            kind=KIND,
            message_id=reserved.message_id,
            ordering_key=demand.ordering_key,
            code_as_given=reserved.code_as_given,
            sender_agency=str(demand.principal.agency),
            sender_system=demand.principal.system,
            revision=demand.submission.revision,
            received_at=reserved.received_at,
            key_id=key_id,
            deliveries=self._rooms.plan(demand.submission),
            reappended=reserved.state is ReservationState.RESERVED,
        )


def _require_free(reserved: Reserved) -> None:
    if reserved.state is ReservationState.OTHER_BODY:
        raise Conflict("key used with another body")
    if reserved.state is ReservationState.REVISION_BACKWARDS:
        raise Conflict("revision backwards", code="caller.revision_backwards")


def _canonical(submission: DossierSubmission) -> bytes:
    """Return the submission as JSON without what it leaves at its default.

    So a field that the contract gains later does not change the fingerprint of a repeat.
    """
    return submission.model_dump_json(exclude_defaults=True).encode()


def _body(demand: _Demand, code_as_given: str) -> bytes:
    """Return the submission under the spelling of the code that the platforms know the dossier by."""
    if demand.submission.code == code_as_given:
        return demand.canonical
    return _canonical(demand.submission.model_copy(update={"code": code_as_given}))


def _receipt(demand: _Demand, reserved: Reserved) -> Receipt:
    return Receipt(
        message_id=reserved.message_id,
        dossier_code=reserved.code_as_given,
        revision=demand.submission.revision,
        accepted_at=reserved.received_at,
        follow=f"/v1/messages/{reserved.message_id}",
    )
