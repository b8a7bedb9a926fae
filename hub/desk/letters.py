"""Dead letters: which deliveries wait for a person, and everything about one of them.

To read a letter is a disclosure: it is durable in the audit before anything is told (Luat 91/2025/QH15).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from hub.access import Grants, Principal, Service
from hub.desk.bodies import Bodies
from hub.desk.correction import differences
from hub.errors import BrokenRule, Invalid, NotFound, Unsealable
from hub.pipeline.commands import read_header
from hub.ports import Audit, Clock, DeliveryId, Log, ReadModels
from hub.ports.desk import DeadLetterBox
from hub.sealing import digest
from schemas.agency import AgencyCode
from schemas.audit import AuditEvent, AuditRecord
from schemas.dead_letter import DeadLetter, DeadLetters, DeliveryFilter, LetterState, LetterStory, RulingLine, Submitted
from schemas.delivery import MessageKind
from schemas.dossier import DossierSubmission
from schemas.ruling import RulingBody
from schemas.timeline import DeliveryLine, Hop, MessageLine, Timeline
from schemas.topics import COMMANDS

RULINGS_MAX = 50
"""A story tells the last decisions."""

DISCLOSED = "disclosed"
_Decided = tuple[RulingLine, DossierSubmission | None]
"""A decision as it is told, and the corrected body."""

_CURSOR = re.compile(r"([0-9A-Za-z-]{1,64})~([0-9A-Za-z._:-]{1,128})~([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class _Reading:
    """Who reads a letter, for what, under which request."""

    principal: Principal
    officer: str
    purpose: str
    request_id: str
    dossier_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRooms:
    """What reading letters stands on. `subject_key` keys the digest under which the audit names a person."""

    grants: Grants
    box: DeadLetterBox
    read_models: ReadModels
    log: Log
    bodies: Bodies
    audit: Audit
    clock: Clock
    subject_key: bytes


@dataclass(frozen=True, slots=True)
class _Found:
    timeline: Timeline
    message: MessageLine
    line: DeliveryLine


class Letters:
    """Tells operators about the deliveries of their agency and those below it."""

    def __init__(self, rooms: LetterRooms) -> None:
        self._rooms = rooms

    async def page(
        self,
        principal: Principal,
        state: LetterState | None,
        wanted: DeliveryFilter,
        after: str | None,
        letters_max: int,
    ) -> DeadLetters:
        """Return some letters, oldest first. Errors: Forbidden, Invalid (the cursor), those of the store."""
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)
        start = None if after is None else _read_cursor(after)
        found = await self._rooms.box.letters(principal.agency, state, wanted, start, letters_max)
        full = len(found) == letters_max
        return DeadLetters(letters=tuple(found), next=_cursor(found[-1]) if full else None)

    async def story(
        self, principal: Principal, delivery: DeliveryId, *, officer: str, purpose: str, request_id: str
    ) -> LetterStory:
        """Return everything about one delivery, whatever its state; audited before, under the request's id.

        `officer` is who reads it, for a `purpose`. Errors: Forbidden, NotFound; Unavailable and WriteInDoubt when the
        audit cannot be written.
        """
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)
        found = await self._found(principal, delivery)
        partition = self._rooms.log.partition_of(COMMANDS, found.timeline.dossier_code.encode())
        offset = await self._rooms.read_models.first_offset(delivery.message_id)
        hops = _hops(found)
        body = await self._body(partition, offset)
        rulings = await self._rulings(partition, found.timeline, delivery, body)
        bodies = [each for each in (body, *(corrected for _, corrected in rulings)) if each is not None]
        reading = _Reading(principal, officer, purpose, request_id, found.timeline.dossier_code)
        await self._disclose(reading, bodies)
        return LetterStory(
            letter=_letter(found),
            partition=partition,
            offset=-1 if offset is None else offset,
            reason=next((hop.reason for hop in reversed(hops) if hop.reason), None),
            attempts=hops,
            body=_stated(body),
            rulings=tuple(line for line, _ in rulings),
        )

    async def _found(self, principal: Principal, delivery: DeliveryId) -> _Found:
        sender = await self._rooms.read_models.sender_of(delivery.message_id)
        if sender is None or not principal.agency.covers(AgencyCode.parse(sender[0])):
            raise NotFound("no such delivery of this agency")
        timeline = await self._rooms.read_models.timeline(sender[1])
        for message in timeline.messages if timeline else ():
            for line in message.deliveries:
                if delivery == DeliveryId(message.message_id, line.operation, line.part):
                    assert timeline is not None  # noqa: S101 - it has this message
                    return _Found(timeline, message, line)
        raise NotFound("no such delivery")

    async def _body(self, partition: int, offset: int | None) -> DossierSubmission | None:
        value = None if offset is None else await self._rooms.bodies.record(partition, offset)
        try:
            return await self._rooms.bodies.submission(value) if value else None
        except Unsealable:
            return None

    async def _rulings(
        self, partition: int, timeline: Timeline, delivery: DeliveryId, body: DossierSubmission | None
    ) -> Sequence[_Decided]:
        """Return what was decided about a delivery, oldest first, as far as the log still holds it."""
        lines: list[_Decided] = []
        ids = [message.message_id for message in timeline.messages if message.kind == MessageKind.RULING]
        for message_id in ids[-RULINGS_MAX:]:
            offset = await self._rooms.read_models.first_offset(message_id)
            value = None if offset is None else await self._rooms.bodies.record(partition, offset)
            decided = await self._ruling(value, delivery, body) if value else None
            if decided is not None:
                body = decided[1] or body
                lines.append(decided)
        return lines

    async def _ruling(self, value: bytes, delivery: DeliveryId, before: DossierSubmission | None) -> _Decided | None:
        try:
            header = read_header(value)
        except Unsealable:
            return None
        ruling = header.ruling
        if ruling is None or delivery != DeliveryId(ruling.message_id, ruling.operation, ruling.part):
            return None
        content = await self._content(value)
        after = content.submission if content else None
        line = RulingLine(
            at=header.received_at,
            verdict=ruling.verdict,
            by=ruling.by,
            approved_by=ruling.approved_by,
            order=ruling.order,
            officer=content.officer if content else None,
            reason=content.reason if content else None,
            fields=differences(before, after) if before and after else (),
            body=_stated(after),
        )
        return line, after

    async def _content(self, value: bytes) -> RulingBody | None:
        try:
            return await self._rooms.bodies.ruling(value)
        except Unsealable:
            return None

    async def _disclose(self, reading: _Reading, bodies: Iterable[DossierSubmission]) -> None:
        """Write into the audit whose data is told: a line for each person."""
        told = {body.applicant.personal_number or "": body.procedure for body in bodies} or {"": ""}
        for number, procedure in told.items():
            await self._rooms.audit.write(
                AuditRecord(
                    event=AuditEvent.ANSWERED,
                    request_id=reading.request_id,
                    at=self._rooms.clock.now(),
                    agency=str(reading.principal.agency),
                    system=reading.principal.system,
                    officer=reading.officer,
                    service=Service.DELIVERY_OPERATE,
                    purpose=reading.purpose,
                    procedure=procedure,
                    dossier_code=reading.dossier_code,
                    subject=digest(self._rooms.subject_key, "subject", number).hex() if number else "",
                    source="hub",
                    result=DISCLOSED,
                )
            )


def _stated(submission: DossierSubmission | None) -> Submitted | None:
    if submission is None:
        return None
    stated: Submitted = orjson.loads(submission.model_dump_json(exclude_defaults=True))
    return stated


def _hops(found: _Found) -> tuple[Hop, ...]:
    line = found.line
    return tuple(hop for hop in found.message.hops if (hop.operation, hop.part) == (line.operation, line.part))


def _letter(found: _Found) -> DeadLetter:
    message, line = found.message, found.line
    return DeadLetter(
        message_id=message.message_id,
        operation=line.operation,
        part=line.part,
        of=line.of,
        platform=line.platform,
        state=line.state,
        dossier_code=found.timeline.dossier_code,
        revision=message.revision,
        agency=message.sender_agency,
        system=message.sender_system,
        accepted_at=message.accepted_at,
        attempts=line.attempts,
        code=line.code or "",
        possibly_doubled=line.possibly_doubled,
    )


def _cursor(letter: DeadLetter) -> str:
    return f"{letter.message_id}~{letter.operation}~{letter.part}"


def _read_cursor(text: str) -> DeliveryId:
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise Invalid([BrokenRule("after", "pattern")])
    return DeliveryId(match[1], match[2], int(match[3]))
