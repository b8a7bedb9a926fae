"""Failures of the portal and of the road to it, over real sockets, for each of its operations."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType

from adapters.national_portal import CONFIG, build
from hub.clock import SystemClock
from hub.errors import NotSent, RefusedUs, ReplyUnreadable
from hub.ports import Adapter, Finding, Job, OutcomeRule, Reply
from schemas.delivery import OutcomeClass
from schemas.dossier import Applicant, ApplicantKind, Channel, DossierStatus, DossierSubmission, ProgressStep
from schemas.procedure import Procedure
from tests.contracts.adapter_suite import WIRE, AdapterSuite, Case, Verdict, http

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
    progress=(
        ProgressStep(
            officer="Trần Văn Kín",
            position="Công chức",
            unit="Một cửa",
            at=AT,
            content="Tiếp nhận",
            status=DossierStatus.ACCEPTED,
            started_at=AT,
        ),
    ),
)
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2025, 7, 1)
)
JOB = Job("m-1", SUBMISSION, PROCEDURE, 0, 1)
STORED = {"MaHoSo": "H56.14-250901-0001", "TrangThaiHoSo": "2", "NgayTiepNhan": "20250901083000"}


def said(text: str, result: object = None) -> bytes:
    """A successful reply of the portal."""
    return http(json.dumps({"error_code": "0", "message": text, "result": result}).encode())


class PortalSuite(AdapterSuite):
    """What all operations of the portal share: the account, the log-in, the persons."""

    private = ("Bí Mật", "Trần Văn Kín", "001000000001", "H56.14-250901-0001", "p@ssword", "SESSION-1")
    calls_max = MappingProxyType({Case.UNAUTHORISED: 2})
    operation: int

    def build(self, url: str) -> Adapter:
        """Return the adapter."""
        account = {"username": "u", "password": "p@ssword", "provider": "VN/GOV/G22", "unit": "H56"}
        config = CONFIG.model_validate({"adapter_url": url, **account, "wire": dict(WIRE)})
        return build(config, SystemClock())

    def preamble(self, request: bytes) -> bytes | None:
        """Let every log-in succeed."""
        if not request.startswith(b"POST /mapi/login "):
            return None
        return http(b'{"session":"SESSION-1","error_code":0,"result":{}}')

    async def act(self, adapter: Adapter) -> Reply | None:
        """Send the job."""
        return await adapter.operations[self.operation].send(JOB)

    def rules(self, adapter: Adapter) -> Sequence[OutcomeRule]:
        """Return the operation's own table."""
        return adapter.operations[self.operation].rules


SENDING: Mapping[Case, Verdict] = {
    Case.PAGE: OutcomeClass.REFUSED_US,
    Case.GARBAGE: ReplyUnreadable,
    Case.EMPTY: ReplyUnreadable,
    Case.NOT_UTF8: ReplyUnreadable,
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


class TestDossierSync(PortalSuite):
    """Sending a dossier."""

    operation = 0
    judged = SENDING

    def good_reply(self) -> bytes:
        """The dossier was taken."""
        return said("Đồng bộ hồ sơ thành công")


class TestDossierProgress(PortalSuite):
    """Sending rows of progress."""

    operation = 1
    judged = SENDING

    def good_reply(self) -> bytes:
        """The rows were taken."""
        return said("Cập nhật tiến độ thành công")


ASKING: Mapping[Case, Verdict] = {
    Case.PAGE: RefusedUs,
    Case.GARBAGE: ReplyUnreadable,
    Case.EMPTY: ReplyUnreadable,
    Case.NOT_UTF8: ReplyUnreadable,
    Case.MOVED: RefusedUs,
    Case.UNAUTHORISED: RefusedUs,
    Case.FORBIDDEN: RefusedUs,
    Case.NO_PATH: RefusedUs,
    Case.TOO_MANY: NotSent,
    Case.BROKEN: ReplyUnreadable,
    Case.BAD_GATEWAY: ReplyUnreadable,
    Case.BUSY: NotSent,
    Case.LATE_GATEWAY: ReplyUnreadable,
}


class TestDossierInquiry(PortalSuite):
    """Asking whether a dossier has arrived: what cannot be told raises."""

    operation = 0
    judged = ASKING

    async def act(self, adapter: Adapter) -> Reply | None:
        """Ask, and see that the portal holds the state."""
        assert Finding.PRESENT is await adapter.operations[self.operation].inquire(JOB)
        return None

    def good_reply(self) -> bytes:
        """The portal holds the state."""
        return said("Tra cứu thành công", [STORED])
