"""Failures of EMC and of the road to it, over real sockets."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType

from adapters.monitoring.emc import CONFIG, build
from hub.clock import SystemClock
from hub.ports import Adapter, Job, OutcomeRule, Reply
from schemas.delivery import OutcomeClass
from schemas.dossier import Applicant, ApplicantKind, Channel, DossierStatus, DossierSubmission
from schemas.procedure import Procedure
from tests.contracts.adapter_suite import WIRE, AdapterSuite, Case, http

AT = datetime(2025, 9, 1, 1, 30, tzinfo=UTC)
SUBMISSION = DossierSubmission(
    code="H56.14-250901-0001",
    revision=1,
    procedure="1.001193",
    status=DossierStatus.ACCEPTED,
    channel=Channel.ONLINE,
    applicant=Applicant(kind=ApplicantKind.CITIZEN, name="Nguyễn Thị Bí Mật", personal_number="001000000001"),
    summary="Đăng ký khai sinh",
    processing_unit="UBND xã X",
    received_at=AT,
)
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2025, 7, 1)
)
KEY = "a-key-of-the-province-of-32-chars-"


class TestDossierTracking(AdapterSuite):
    """Telling an event: any success of HTTP counts, whatever it says."""

    private = ("Bí Mật", "001000000001", "H56.14-250901-0001", KEY)
    judged = MappingProxyType(
        {
            Case.PAGE: OutcomeClass.REFUSED_US,
            Case.GARBAGE: OutcomeClass.DELIVERED,
            Case.EMPTY: OutcomeClass.DELIVERED,
            Case.NOT_UTF8: OutcomeClass.DELIVERED,
            Case.MOVED: OutcomeClass.REFUSED_US,
            Case.UNAUTHORISED: OutcomeClass.REFUSED_US,
            Case.FORBIDDEN: OutcomeClass.REFUSED_US,
            Case.NO_PATH: OutcomeClass.REFUSED_US,
            Case.TOO_MANY: OutcomeClass.UNAVAILABLE,
            Case.BROKEN: OutcomeClass.UNKNOWN,
            Case.BAD_GATEWAY: OutcomeClass.UNKNOWN,
            Case.BUSY: OutcomeClass.UNAVAILABLE,
            Case.LATE_GATEWAY: OutcomeClass.UNKNOWN,
        }
    )

    def build(self, url: str) -> Adapter:
        """Return the adapter."""
        site = {"site_id": "5638", "code_profile": "H56", "location": "38", "pseudonym_key": KEY}
        config = CONFIG.model_validate({"url": f"{url}/TrackingMCDT", **site, "wire": dict(WIRE)})
        return build(config, SystemClock())

    async def act(self, adapter: Adapter) -> Reply | None:
        """Tell the event."""
        return await adapter.operations[0].send(Job("m-1", SUBMISSION, PROCEDURE, 0, 1))

    def rules(self, adapter: Adapter) -> Sequence[OutcomeRule]:
        """Return the operation's own table."""
        return adapter.operations[0].rules

    def preamble(self, request: bytes) -> bytes | None:
        """Nothing comes before an event, and its body tells neither name nor number."""
        assert request.startswith(b"POST /TrackingMCDT HTTP/1.1\r\n")
        assert not [secret for secret in ("Bí Mật", "001000000001", KEY) if secret.encode() in request]
        return None

    def good_reply(self) -> bytes:
        """The event was taken."""
        return http('{"message":"Đã ghi nhận"}'.encode())
