"""A hub of fakes behind the real REST door."""

import json
from collections.abc import Collection, Sequence
from typing import Any

import httpx
from starlette.routing import BaseRoute

from hub.access import ApiKeys, Grant, Grants, Principal, Service, SystemEntry, issue_key
from hub.clock import SystemClock
from hub.errors import Overloaded
from hub.ingress import Acceptance, AcceptanceRooms, Check, Follow, Lookup, LookupRooms, Recent, RestRooms, rest_app
from hub.ingress.desk_endpoints import OperatorsDesk
from hub.ingress.event_stream import EventStreams, StreamLimits
from hub.ingress.event_tail import EventTail
from hub.ingress.examples import QUERY, SUBMISSION
from hub.ingress.patient_source import Manners
from hub.ingress.rations import Rations
from hub.ingress.soap import soap_routes
from hub.pipeline.catalogue import Agency, Catalogue
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.delivery import PlannedDelivery
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure
from tests.clock import ManualClock
from tests.fakes.audit import MemoryAudit
from tests.fakes.citizens import MemoryCitizens
from tests.fakes.desk import MemoryLetters, MemoryOrderDesk
from tests.fakes.inbox import MemoryInbox
from tests.fakes.keys import MemoryKeys
from tests.fakes.logs import TroubledLog
from tests.fakes.read_models import MemoryReadModels
from tests.fakes.reconciliations import MemoryRuns, reconciling

PEPPER = b"pepper" * 6
PURPOSE = "birth-registration"
SYNC = PlannedDelivery(operation="national_portal.dossier_sync", platform="national_portal")

_ALL = (
    Grant(service=Service.CITIZEN_LOOKUP, purposes=(PURPOSE,)),
    Grant(service=Service.DOSSIER_SUBMIT),
    Grant(service=Service.DOSSIER_FOLLOW),
    Grant(service=Service.EVENTS),
    Grant(service=Service.DELIVERY_OPERATE),
    Grant(service=Service.DELIVERY_APPROVE),
)


def catalogue() -> Catalogue:
    """Return two agencies and one procedure, in force from 2020."""
    birth = {"code": "1.001193", "name": "Đăng ký khai sinh", "field_code": "G15-HT01", "field_name": "Hộ tịch"}
    return Catalogue(
        [Agency(AgencyCode.parse(code), code) for code in ("H56.14", "H56.15", "H56")],
        [Procedure.model_validate_json(json.dumps({**birth, "valid_from": "2020-01-01"}))],
    )


def submission_json(**changes: Any) -> bytes:
    """Return the example submission as JSON, with changes."""
    return json.dumps({**SUBMISSION, **changes}).encode()


def submission(**changes: Any) -> DossierSubmission:
    """Return the example submission, with changes."""
    return DossierSubmission.model_validate_json(submission_json(**changes))


def query_json(**changes: Any) -> bytes:
    """Return the example lookup as JSON, with changes."""
    return json.dumps({**QUERY, **changes}).encode()


class House:
    """Everything that a test may want to look at or break, and the application on top."""

    def __init__(
        self,
        *,
        checks: dict[str, Check] | None = None,
        pages: Sequence[BaseRoute] = (),
        requests_max: int = 2000,
        lookups_max: int = 200,
        deadline_s: float = 5.0,
        body_wait_s: float = 5.0,
        streams: StreamLimits | None = None,
        clock: ManualClock | None = None,
        manners: Manners | None = None,
        rations: Rations | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.log = TroubledLog(self.clock)
        self.inbox, self.keys, self.read_models = MemoryInbox(), MemoryKeys(), MemoryReadModels()
        self.audit, self.citizens, self.metrics = MemoryAudit(), MemoryCitizens(), Metrics()
        self.admission: list[Exception] = []
        self.full: set[str] = set()
        self.tokens: dict[str, str] = {}
        systems = [self._system("H56.14", "motcua", _ALL), self._system("H56.15", "other", _ALL)]
        systems += [self._system("H56", "province", _ALL), self._system("H56.14", "nobody", ())]
        self.grants, recent = Grants(systems), Recent()
        self.acceptance = Acceptance(
            AcceptanceRooms(
                grants=self.grants,
                catalogue=catalogue(),
                inbox=self.inbox,
                keys=self.keys,
                log=self.log,
                clock=self.clock,
                metrics=self.metrics,
                plan=lambda _: (SYNC,),
                admit=self._admit,
                fingerprint_key=b"fingerprint" * 3,
                recent=recent,
                require_room=self._require_room,
            ),
            requests_max,
        )
        self.lookup = Lookup(
            LookupRooms(
                grants=self.grants,
                catalogue=catalogue(),
                source=self.citizens,
                audit=self.audit,
                clock=self.clock,
                metrics=self.metrics,
                subject_key=b"subject" * 5,
                manners=manners or Manners(),
                rations=rations,
                jitter=lambda: 0.5,
            ),
            deadline_s,
            lookups_max,
        )
        self.runs = MemoryRuns()
        self.letters, self.orders = MemoryLetters(self.grants), MemoryOrderDesk(self.grants)
        # Readers wait in real time: they sit behind a real server.
        tail = EventTail(self.log, SystemClock(), lines_max=20, idle_s=0.05)
        self.streams = EventStreams(tail, self.grants, SystemClock(), self.metrics, streams)
        self.rooms = RestRooms(
            api_keys=ApiKeys(systems, PEPPER),
            acceptance=self.acceptance,
            lookup=self.lookup,
            follow=Follow(self.grants, self.read_models, recent),
            read_models=self.read_models,
            metrics=self.metrics,
            clock=self.clock,
            events=self.streams if streams else None,
            desk=OperatorsDesk(self.letters, self.orders),
            reconciling=reconciling(self.grants, self.clock, self.runs),
            checks=checks or {},
            body_wait_s=body_wait_s,
        )
        self.app = rest_app(self.rooms, pages, doors=soap_routes(self.rooms))

    def client(self) -> httpx.AsyncClient:
        """Return a client of the application; exceptions that leave it fail the test."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://hub.test")

    def headers(self, system: str = "motcua", key: str | None = "k1") -> dict[str, str]:
        """Return the headers of a request of a system."""
        headers = {"Authorization": f"Bearer {self.tokens[system]}", "Content-Type": "application/json"}
        return headers | ({"Idempotency-Key": key} if key else {})

    def _require_room(self, platforms: Collection[str]) -> None:
        if not self.full.isdisjoint(platforms):
            raise Overloaded("backlog", retry_after_s=30)

    def _system(self, agency: str, system: str, grants: tuple[Grant, ...]) -> SystemEntry:
        issued = issue_key(PEPPER)
        self.tokens[system] = issued.token
        return SystemEntry(agency=AgencyCode.parse(agency), system=system, keys=(issued.entry,), grants=grants)

    def _admit(self) -> None:
        if self.admission:
            raise self.admission.pop(0)


PRINCIPAL = Principal(AgencyCode.parse("H56.14"), "motcua")
"""The system that most tests speak for."""
