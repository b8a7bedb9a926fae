"""Lookups: citizen data against a grant, a purpose and a durable audit (ND 278/2025 Art. 13, Luat 91/2025/QH15).

`asked` is durable before the source is asked, `answered` before the caller is. When the audit cannot be written, no
data is given.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from hub.access import Grants, Principal, Service
from hub.errors import Forbidden, Invalid, Overloaded, PlatformFault, ReplyUnreadable
from hub.ingress.message_ids import MessageIds
from hub.ingress.patient_source import Manners, PatientSource
from hub.ingress.rations import Rations
from hub.pipeline.catalogue import Catalogue
from hub.pipeline.validate import check_query, require_own_dossier
from hub.ports import Audit, CitizenSource, Clock
from hub.sealing import digest
from hub.telemetry import Metrics
from schemas.audit import AuditEvent, AuditRecord
from schemas.citizen import Citizen, CitizenAnswer, CitizenQuery
from schemas.dossier import DossierCode

RETRY_AFTER_S = 1
REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRooms:
    """What a lookup stands on. `subject_key` keys the digest under which the audit names a person.

    `manners` say how the source is asked; `jitter` gives numbers in [0, 1).
    """

    grants: Grants
    catalogue: Catalogue
    source: CitizenSource
    audit: Audit
    clock: Clock
    metrics: Metrics
    subject_key: bytes
    rations: Rations | None = None
    manners: Manners = field(default_factory=Manners)
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class _Asking:
    """One lookup: who asks what, under which id, since when."""

    principal: Principal
    query: CitizenQuery
    code: DossierCode
    request_id: str
    started_s: float


class Lookup:
    """Asks the source: at most `lookups_max` at a time, each for at most `deadline_s`, its tries together."""

    def __init__(self, rooms: LookupRooms, deadline_s: float = 10.0, lookups_max: int = 200) -> None:
        self._rooms = rooms
        self._source = PatientSource(
            rooms.source,
            rooms.clock,
            rooms.metrics,
            manners=rooms.manners,
            deadline_s=deadline_s,
            admit_again=rooms.rations.admit_again if rooms.rations else _admit_always,
            jitter=rooms.jitter,
        )
        self._lookups_max = lookups_max
        self._running = 0
        self._ids = MessageIds(rooms.clock)

    async def ask(self, principal: Principal, query: CitizenQuery) -> CitizenAnswer:
        """Return what the source knows: nobody, one person, or that several match (then no data is given).

        Errors: Forbidden, Invalid, Rationed, Overloaded, PlatformFault; Unavailable and WriteInDoubt of the audit.
        """
        code = DossierCode.parse(query.dossier_code)
        asking = _Asking(principal, query, code, self._ids.make(), self._rooms.clock.monotonic())
        await self._authorise(asking)
        if broken := check_query(query, code, self._rooms.catalogue, self._rooms.clock.now()):
            raise Invalid(broken)
        if self._running >= self._lookups_max:
            raise Overloaded("lookups under way", retry_after_s=RETRY_AFTER_S)
        if self._rooms.rations is not None:
            self._rooms.rations.admit(principal)
        self._source.require_way()
        if self._rooms.rations is not None:
            await self._rooms.rations.admit_lookup(principal)
        self._running += 1
        try:
            return await self._ask(asking)
        finally:
            self._running -= 1

    async def _authorise(self, asking: _Asking) -> None:
        query = asking.query
        try:
            self._rooms.grants.require(asking.principal, Service.CITIZEN_LOOKUP, query.purpose)
            require_own_dossier(asking.principal, asking.code)
        except Forbidden as refusal:
            self._rooms.metrics.lookups_total.inc(self._rooms.source.platform, REFUSED)
            await self._write(asking, AuditEvent.REFUSED, refusal.problem_code)
            raise

    async def _ask(self, asking: _Asking) -> CitizenAnswer:
        await self._write(asking, AuditEvent.ASKED)
        asked_at = self._rooms.clock.now()
        try:
            found = await self._found(asking)
        except PlatformFault as fault:
            await self._answered(asking, fault.problem_code)
            raise
        match = ("none", "one", "several")[min(len(found), 2)]
        await self._answered(asking, match)
        return CitizenAnswer(
            request_id=asking.request_id,
            match=match,
            source=self._rooms.source.platform,
            asked_at=asked_at.astimezone(UTC).isoformat(),
            citizen=found[0] if match == "one" else None,
        )

    async def _found(self, asking: _Asking) -> Sequence[Citizen]:
        found = await self._source.lookup(asking.query, asking.request_id)
        if any(not _concerns(citizen, asking.query.personal_number) for citizen in found):
            raise ReplyUnreadable("the source answered about somebody else")
        return found

    async def _answered(self, asking: _Asking, result: str) -> None:
        elapsed_s = self._rooms.clock.monotonic() - asking.started_s
        self._rooms.metrics.lookups_total.inc(self._rooms.source.platform, result)
        self._rooms.metrics.lookup_seconds.observe(elapsed_s)
        await self._write(asking, AuditEvent.ANSWERED, result, round(elapsed_s * 1000))

    async def _write(self, asking: _Asking, event: AuditEvent, result: str = "", duration_ms: int = 0) -> None:
        query = asking.query
        await self._rooms.audit.write(
            AuditRecord(
                event=event,
                request_id=asking.request_id,
                at=self._rooms.clock.now(),
                agency=str(asking.principal.agency),
                system=asking.principal.system,
                officer=query.officer,
                service=Service.CITIZEN_LOOKUP,
                purpose=query.purpose,
                procedure=query.procedure,
                dossier_code=str(asking.code),
                subject=digest(self._rooms.subject_key, "subject", query.personal_number).hex(),
                source=self._rooms.source.platform,
                result=result,
                duration_ms=duration_ms,
            )
        )


def _admit_always() -> None:
    """Let everything pass, where nothing is rationed."""


def _concerns(citizen: Citizen, personal_number: str) -> bool:
    """Whether the record is that of the person who was asked for: nobody else's data may leave the hub."""
    return personal_number in (citizen.personal_number, citizen.former_number)
