"""Acceptance: the one way in for messages, whatever door they come through.

A message is one state of a dossier, or the withdrawal of what is still queued of it.

authorise -> validate -> reserve in the inbox (durable) -> append to `hub.commands` (durable) -> receipt. Only the
append justifies the receipt. A repeat that finds its reservation without a record appends again under the same id.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from hub.access import Grants, Principal, Service
from hub.errors import BrokenRule, Conflict, Invalid
from hub.ingress.flights import Flights
from hub.ingress.message_ids import MessageIds
from hub.ingress.recent import Recent
from hub.ingress.turns import Turns
from hub.pipeline.catalogue import Catalogue
from hub.pipeline.validate import check_submission, check_withdrawal, require_own_dossier
from hub.ports import Clock, Inbox, Keys, Log, Reservation, ReservationState, Reserved
from hub.sealing import digest, seal
from hub.telemetry import Metrics
from schemas.delivery import CommandHeader, MessageKind, PlannedDelivery
from schemas.dossier import DossierCode, DossierSubmission
from schemas.problem import Words
from schemas.receipt import Receipt
from schemas.topics import COMMANDS
from schemas.withdrawal import Withdrawal, WithdrawalReceipt

REMAINS = Words(
    "Lượt gửi đã bắt đầu vẫn chạy đến khi rõ kết quả; nội dung đã gửi thì không thu hồi được. Để Cổng Dịch vụ công "
    "quốc gia biết hồ sơ đã rút, hãy gửi trạng thái `withdrawn` của hồ sơ.",
    "Deliveries that have begun run until their result is clear; what was delivered is not undone. To tell the "
    "National Public Service Portal that the dossier is withdrawn, submit its status `withdrawn`.",
)
"""What a withdrawal does not do."""

Plan = Callable[[DossierSubmission], tuple[PlannedDelivery, ...]]
"""Fixes the deliveries that a submission owes."""


@dataclass(frozen=True, slots=True)
class _Demand:
    """One request, authorised and valid. `body` gives what is sealed, for the spelling that the platforms know."""

    kind: MessageKind
    principal: Principal
    code_as_given: str
    ordering_key: str
    revision: int
    idempotency_key: str
    fingerprint: bytes
    deliveries: tuple[PlannedDelivery, ...]
    body: Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRooms:
    """What acceptance stands on. `admit` raises Unavailable or Overloaded when there is no room for more.

    `require_room` raises Overloaded when too much waits already, all in all or for one of the platforms named; `ration`
    raises Rationed when a system comes too often.
    """

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
    require_room: Callable[[Collection[str]], None] = lambda _platforms: None
    ration: Callable[[Principal], None] = lambda _principal: None


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
        self._rooms.ration(principal)
        demand = self._submitted(principal, submission, idempotency_key)
        self._rooms.admit()
        self._rooms.require_room({planned.platform for planned in demand.deliveries})
        receipt = await self._flown(demand)
        self._rooms.metrics.accept_seconds.observe(self._rooms.clock.monotonic() - started_s)
        return receipt

    async def withdraw(
        self, principal: Principal, code: str, withdrawal: Withdrawal, idempotency_key: str
    ) -> WithdrawalReceipt:
        """Return the receipt of a withdrawal, durable when this returns. However much waits, it finds room.

        Whoever may submit a dossier may withdraw it. Errors: as `accept`.
        """
        self._rooms.ration(principal)
        demand = self._withdrawn(principal, code, withdrawal, idempotency_key)
        self._rooms.admit()
        receipt = await self._flown(demand)
        return WithdrawalReceipt(**receipt.model_dump(), remains_vi=REMAINS.vi, remains_en=REMAINS.en)

    async def drain(self) -> None:
        """Wait until every request under way has ended."""
        await self._flights.drain()

    async def _flown(self, demand: _Demand) -> Receipt:
        key = (demand.principal.sender, demand.idempotency_key)
        return await self._flights.join(key, demand.fingerprint, lambda: self._take_in(demand))

    def _submitted(self, principal: Principal, submission: DossierSubmission, idempotency_key: str) -> _Demand:
        rooms = self._rooms
        code = DossierCode.parse(submission.code)
        rooms.grants.require(principal, Service.DOSSIER_SUBMIT)
        require_own_dossier(principal, code)
        if broken := check_submission(submission, code, rooms.catalogue, rooms.clock.now()):
            raise Invalid(broken)
        canonical = _canonical(submission)
        fingerprint = digest(rooms.fingerprint_key, "fingerprint", canonical)
        return _Demand(
            kind=MessageKind.DOSSIER,
            principal=principal,
            code_as_given=submission.code,
            ordering_key=str(code),
            revision=submission.revision,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            deliveries=rooms.plan(submission),
            body=lambda code_as_given: _body(submission, canonical, code_as_given),
        )

    def _withdrawn(self, principal: Principal, code: str, withdrawal: Withdrawal, idempotency_key: str) -> _Demand:
        rooms = self._rooms
        rooms.grants.require(principal, Service.DOSSIER_SUBMIT)
        parsed = _own_code(principal, code)
        if broken := check_withdrawal(parsed, rooms.catalogue):
            raise Invalid(broken)
        canonical = withdrawal.model_dump_json(exclude_defaults=True).encode()
        fingerprint = digest(rooms.fingerprint_key, "fingerprint", MessageKind.WITHDRAWAL, str(parsed), canonical)
        return _Demand(
            kind=MessageKind.WITHDRAWAL,
            principal=principal,
            code_as_given=code,
            ordering_key=str(parsed),
            revision=withdrawal.revision,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            deliveries=(),
            body=lambda _: canonical,
        )

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
            code_as_given=demand.code_as_given,
            revision=demand.revision,
            received_at=self._rooms.clock.now(),
        )

    async def _append(self, demand: _Demand, reserved: Reserved, key_id: str, key: bytes) -> None:
        header = self._header(demand, reserved, key_id)
        envelope = seal(header.model_dump_json().encode(), demand.body(reserved.code_as_given), key)
        started_s = self._rooms.clock.monotonic()
        await self._rooms.log.append(COMMANDS, demand.ordering_key.encode(), envelope.to_bytes())
        self._rooms.metrics.append_seconds.observe(self._rooms.clock.monotonic() - started_s)
        self._rooms.recent.remember(header)
        self._rooms.metrics.accepted_total.inc(header.sender_agency)

    def _header(self, demand: _Demand, reserved: Reserved, key_id: str) -> CommandHeader:
        return CommandHeader(
            kind=demand.kind,
            message_id=reserved.message_id,
            ordering_key=demand.ordering_key,
            code_as_given=reserved.code_as_given,
            sender_agency=str(demand.principal.agency),
            sender_system=demand.principal.system,
            revision=demand.revision,
            received_at=reserved.received_at,
            key_id=key_id,
            deliveries=demand.deliveries,
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


def _own_code(principal: Principal, code: str) -> DossierCode:
    """Read the code of a dossier that the principal acts for. Errors: Invalid, Forbidden."""
    try:
        parsed = DossierCode.parse(code)
    except ValueError:
        raise Invalid([BrokenRule("code", "dossier_code")]) from None
    require_own_dossier(principal, parsed)
    return parsed


def _body(submission: DossierSubmission, canonical: bytes, code_as_given: str) -> bytes:
    """Return the submission under the spelling of the code that the platforms know the dossier by."""
    if submission.code == code_as_given:
        return canonical
    return _canonical(submission.model_copy(update={"code": code_as_given}))


def _receipt(demand: _Demand, reserved: Reserved) -> Receipt:
    return Receipt(
        message_id=reserved.message_id,
        dossier_code=reserved.code_as_given,
        revision=demand.revision,
        accepted_at=reserved.received_at,
        follow=f"/v1/messages/{reserved.message_id}",
    )
