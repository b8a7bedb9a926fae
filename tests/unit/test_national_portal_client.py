"""The adapter against a portal that exists for the test: sessions, switches, inquiries, doubtful replies."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from adapters.national_portal import CONFIG, build
from adapters.national_portal.adapter import PortalAdapter
from hub.clock import SystemClock
from hub.errors import NotSent, PlatformFault, RefusedUs, ReplyLost, ReplyUnreadable
from hub.pipeline.classify import classify
from hub.ports import DoubtRule, Effect, Finding, Job, Operation
from schemas.delivery import OutcomeClass
from schemas.dossier import Applicant, ApplicantKind, Channel, DossierStatus, DossierSubmission, ProgressStep
from schemas.procedure import Procedure
from tests.clock import ManualClock

Said = httpx.Response | Exception
Say = Callable[[dict[str, Any]], Said]

NAME = "Nguyễn Thị Bí Mật"
NUMBER = "001000000001"
AT = datetime(2025, 9, 1, 1, 30, tzinfo=UTC)
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2025, 7, 1)
)


class Portal(httpx.AsyncBaseTransport):
    """A portal in memory, after the interface: log-in, sessions in the body, dossiers by MaHoSo, rows appended.

    `script` holds what it says to the next calls of services instead of what it would say.
    """

    def __init__(self) -> None:
        self.password = "right"
        self.calls: list[dict[str, Any]] = []
        self.requests: list[httpx.Request] = []
        self.dossiers: dict[str, dict[str, Any]] = {}
        self.rows: list[dict[str, Any]] = []
        self.script: list[Say] = []
        self.login_says: Said | None = None
        self.session = ""
        self.logins = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, after giving others their turn as a network would."""
        self.requests.append(request)
        await asyncio.sleep(0)
        body = json.loads(request.content)
        said = self._log_in(body) if request.url.path == "/x/mapi/login" else self._serve(body)
        if isinstance(said, Exception):
            raise said
        return said

    @property
    def services(self) -> list[str]:
        """The services that were called, with the flag where there is one."""
        return [call["service"] + call.get("isUpdating", "") for call in self.calls]

    def _log_in(self, body: dict[str, Any]) -> Said:
        self.logins += 1
        if self.login_says is not None:
            return self.login_says
        if body != {"username": "user", "password": self.password}:
            return says(1, "Sai mật khẩu")
        self.session = f"S{self.logins}"
        return httpx.Response(200, json={"session": self.session, "error_code": 0, "result": {}})

    def _serve(self, body: dict[str, Any]) -> Said:
        self.calls.append(body)
        if self.script:
            return self.script.pop(0)(body)
        return self.act(body)

    def act(self, body: dict[str, Any]) -> httpx.Response:
        """Do what is asked."""
        if body["session"] != self.session:
            return says(12, "session expired")
        match body["service"]:
            case "DongBoHoSoMC":
                return self._push(body["data"][0], updating=body["isUpdating"] == "True")
            case "CapNhatTienDoHoSoMC":
                self.rows.extend(body["data"])
                return says("0", "Cập nhật thành công")
            case _:
                found = self.dossiers.get(body["mahoso"])
                return says("00", "Tra cứu thành công", [found] if found else [])

    def _push(self, item: dict[str, Any], *, updating: bool) -> httpx.Response:
        known = item["MaHoSo"] in self.dossiers
        if known and not updating:
            return says("-3", f"Hồ sơ {item['MaHoSo']} đã tồn tại")
        if updating and not known:
            return says("7", f"Hồ sơ {item['MaHoSo']} không tồn tại")
        self.dossiers[item["MaHoSo"]] = item
        return says("0", "Đồng bộ hồ sơ thành công")


def says(code: object, message: str, result: object = None) -> httpx.Response:
    """A reply of the portal."""
    return httpx.Response(200, json={"error_code": code, "message": message, "result": result})


def always(said: Said) -> Say:
    """Say that, and do nothing."""
    return lambda _: said


def dossier(revision: int = 1, status: DossierStatus = DossierStatus.ACCEPTED, steps: int = 0) -> DossierSubmission:
    """A dossier with that many steps."""
    return DossierSubmission(
        code="H56.14-250901-0001",
        revision=revision,
        procedure="1.001193",
        status=status,
        channel=Channel.COUNTER,
        applicant=Applicant(kind=ApplicantKind.CITIZEN, name=NAME, personal_number=NUMBER),
        summary="Đăng ký khai sinh",
        processing_unit="UBND xã X",
        received_at=AT,
        progress=tuple(
            ProgressStep(
                officer="Cán bộ",
                position="Chuyên viên",
                unit="Một cửa",
                at=AT,
                content=f"Bước {number}",
                status=status,
                started_at=AT,
            )
            for number in range(steps)
        ),
    )


def job(submission: DossierSubmission, part: int = 0, of: int = 1) -> Job:
    """A job about it."""
    return Job("m-1", submission, PROCEDURE, part, of)


def built(portal: httpx.AsyncBaseTransport, clock: Any = None, **changes: object) -> PortalAdapter:
    """An adapter in front of the portal."""
    config = {
        "adapter_url": "https://portal.example/x/",
        "username": "user",
        "password": "right",
        "provider": "VN/GOV/G22",
        "unit": "H56",
        **changes,
    }
    return build(CONFIG.model_validate(config), clock or SystemClock(), portal)


@pytest.fixture
def portal() -> Portal:
    """A fresh portal."""
    return Portal()


@pytest.fixture
async def adapter(portal: Portal) -> AsyncIterator[PortalAdapter]:
    """An adapter in front of it."""
    made = built(portal)
    yield made
    await made.aclose()


@pytest.fixture
def sync(adapter: PortalAdapter) -> Operation:
    """The operation that sends dossiers."""
    return adapter.operations[0]


@pytest.fixture
def progress(adapter: PortalAdapter) -> Operation:
    """The operation that sends rows."""
    return adapter.operations[1]


async def outcome(operation: Operation, work: Job) -> OutcomeClass:
    """What one send came to."""
    return classify(await operation.send(work), operation.rules)


async def test_operations_say_what_repeating_does(adapter: PortalAdapter) -> None:
    """Dossiers can be asked about; rows are appended and sent again in doubt."""
    assert [
        ("national_portal.dossier_sync", "national_portal", Effect.QUERYABLE, DoubtRule.INQUIRE),
        ("national_portal.dossier_progress", "national_portal", Effect.APPEND, DoubtRule.RESEND),
    ] == [(one.name, one.platform, one.effect, one.on_doubt) for one in adapter.operations]
    assert adapter.citizens is None


async def test_a_call_looks_as_the_interface_wants_it(portal: Portal, sync: Operation) -> None:
    """POST, the provider's code in a header, session and unit in the body."""
    await sync.send(job(dossier()))
    login, call = portal.requests

    assert ("POST", "https://portal.example/x/mapi/login") == (login.method, str(login.url))
    assert ("POST", "https://portal.example/x/mapi/g") == (call.method, str(call.url))
    assert ["application/json", "application/json", "utf-8", "VN/GOV/G22"] == [
        call.headers[name] for name in ("accept", "content-type", "charset", "dstcode")
    ]
    assert ("S1", "H56", "DongBoHoSoMC", "False") == tuple(
        portal.calls[0][key] for key in ("session", "madonvi", "service", "isUpdating")
    )
    assert {"session", "madonvi", "service", "isUpdating", "data"} == set(portal.calls[0])


async def test_the_first_revision_creates_and_later_ones_update(portal: Portal, sync: Operation) -> None:
    """The flag isUpdating follows the revision; one session serves all calls."""
    first = await outcome(sync, job(dossier()))
    second = await outcome(sync, job(dossier(2, DossierStatus.PROCESSING)))

    assert [OutcomeClass.DELIVERED] * 2 == [first, second]
    assert ["DongBoHoSoMCFalse", "DongBoHoSoMCTrue"] == portal.services
    assert "4" == portal.dossiers["H56.14-250901-0001"]["TrangThaiHoSo"]
    assert 1 == portal.logins


@pytest.mark.parametrize("code", [3, "3", -3, "-3"])
async def test_a_dossier_that_exists_is_updated_in_the_same_try(portal: Portal, sync: Operation, code: object) -> None:
    """The duplicate is recognised by code and words, whatever the type of the code."""
    portal.dossiers["H56.14-250901-0001"] = {}
    portal.script = [always(says(code, "Mã hồ sơ đã tồn tại trên hệ thống"))]

    assert OutcomeClass.DELIVERED is await outcome(sync, job(dossier()))
    assert ["DongBoHoSoMCFalse", "DongBoHoSoMCTrue"] == portal.services


async def test_a_dossier_that_is_unknown_is_created_in_the_same_try(portal: Portal, sync: Operation) -> None:
    """A portal that never saw revision 1 gets revision 2 as a new dossier."""
    assert OutcomeClass.DELIVERED is await outcome(sync, job(dossier(2)))
    assert ["DongBoHoSoMCTrue", "DongBoHoSoMCFalse"] == portal.services


async def test_there_is_one_switch_and_no_more(portal: Portal, sync: Operation) -> None:
    """A portal that says "exists" to both is in doubt, not in a loop."""
    portal.script = [always(says(3, "đã tồn tại")), always(says(3, "đã tồn tại"))]

    assert OutcomeClass.UNKNOWN is await outcome(sync, job(dossier()))
    assert 2 == len(portal.calls)


async def test_other_words_under_the_code_of_a_duplicate_are_a_refusal(portal: Portal, sync: Operation) -> None:
    """Code 3 alone does not say that the dossier exists."""
    portal.script = [always(says(3, "MaTTHC không hợp lệ"))]

    assert OutcomeClass.REFUSED_MESSAGE is await outcome(sync, job(dossier()))
    assert 1 == len(portal.calls)


async def test_a_lost_reply_after_a_switch_is_a_lost_reply(portal: Portal, sync: Operation) -> None:
    """The create did not act, the update may have."""
    portal.script = [always(says(3, "đã tồn tại")), always(httpx.ReadTimeout("slow"))]

    with pytest.raises(ReplyLost):
        await sync.send(job(dossier()))


@pytest.mark.parametrize(
    "refusal",
    [says(12, "session expired"), says("5", "Phiên làm việc đã hết hạn"), httpx.Response(401, text="Unauthorized")],
    ids=["session", "phiên", "401"],
)
async def test_a_refused_session_is_renewed_once_and_the_call_repeated(
    portal: Portal, sync: Operation, refusal: httpx.Response
) -> None:
    """Refused at the door means not done: log in again and say it again."""
    portal.script = [always(refusal)]

    assert OutcomeClass.DELIVERED is await outcome(sync, job(dossier()))
    assert ["S1", "S2"] == [call["session"] for call in portal.calls]


async def test_a_fresh_session_that_is_refused_is_our_fault(portal: Portal, sync: Operation) -> None:
    """One log-in, one repeat; then the platform stops and the message is spared."""
    portal.script = [always(says(12, "session expired"))] * 2

    assert OutcomeClass.REFUSED_US is await outcome(sync, job(dossier()))
    assert (2, 2) == (portal.logins, len(portal.calls))


async def test_success_that_mentions_a_session_is_success(portal: Portal, sync: Operation) -> None:
    """Only refusals are read for words about sessions."""
    portal.script = [always(says(0, "Đồng bộ thành công, session còn 5 phút"))]

    assert OutcomeClass.DELIVERED is await outcome(sync, job(dossier()))
    assert 1 == len(portal.calls)


async def test_an_expired_session_causes_one_log_in_for_all(portal: Portal, sync: Operation) -> None:
    """Thirty calls are refused at once, one log-in follows, all thirty arrive."""
    await sync.send(job(dossier()))
    portal.session = "expired"
    outcomes = await asyncio.gather(*(outcome(sync, job(dossier(2))) for _ in range(30)))

    assert {OutcomeClass.DELIVERED} == set(outcomes)
    assert 2 == portal.logins


async def test_a_session_is_renewed_when_it_grows_old(portal: Portal) -> None:
    """Before the age that the operator states, no call is spent on finding out."""
    clock = ManualClock()
    adapter = built(portal, clock, session_age_s_max="60")
    await adapter.operations[0].send(job(dossier()))
    await clock.advance(61)
    await adapter.operations[0].send(job(dossier(2)))
    await adapter.aclose()

    assert ["S1", "S2"] == [call["session"] for call in portal.calls]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (says(1, "Sai mật khẩu"), RefusedUs),
        (httpx.Response(401), RefusedUs),
        (httpx.Response(404, text="no"), RefusedUs),
        (httpx.Response(302, headers={"location": "/"}), RefusedUs),
        (httpx.Response(200, html="<html>Request Rejected</html>"), RefusedUs),
        (httpx.Response(503), NotSent),
        (httpx.Response(429), NotSent),
        (httpx.Response(500), NotSent),
        (httpx.Response(200, text="garbage"), NotSent),
        (httpx.Response(200, json={"error_code": 0}), NotSent),
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ReadTimeout("slow"), NotSent),
        (httpx.ReadError("cut"), NotSent),
    ],
)
async def test_a_failed_log_in_never_leaves_doubt(
    portal: Portal, sync: Operation, said: Said, fault: type[PlatformFault]
) -> None:
    """Without a session nothing was asked: the portal refuses us, or it definitely did not act."""
    portal.login_says = said

    with pytest.raises(PlatformFault) as caught:
        await sync.send(job(dossier()))
    assert fault is type(caught.value)
    assert caught.value.definite
    assert [] == portal.calls


async def test_a_log_in_that_stalls_ends_with_the_deadline_of_the_operation(portal: Portal) -> None:
    """The total deadline covers the log-in, and leaves no doubt."""

    class Stalling(Portal):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(30)
            raise AssertionError

    wire = {"connect_timeout_s": "0.05", "ready_timeout_s": "0.05", "deadline_s": "0.1"}
    adapter = built(Stalling(), wire=wire)
    with pytest.raises(NotSent):
        await adapter.operations[0].send(job(dossier()))
    await adapter.aclose()


async def test_a_call_that_stalls_is_in_doubt(portal: Portal) -> None:
    """The total deadline ends a call that went out: it may have acted."""

    class Stalling(Portal):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            reply = await super().handle_async_request(request)
            await asyncio.sleep(30 if self.calls else 0)
            return reply

    wire = {"connect_timeout_s": "0.05", "ready_timeout_s": "0.05", "deadline_s": "0.2"}
    adapter = built(Stalling(), wire=wire)
    with pytest.raises(ReplyLost):
        await adapter.operations[0].send(job(dossier()))
    await adapter.aclose()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error_code": 0, "message": "Đồng bộ thành công"}, OutcomeClass.DELIVERED),
        ({"error_code": "00", "message": "Đồng bộ thành công", "result": {}}, OutcomeClass.DELIVERED),
        ({"error_code": " 0 ", "message": "Đồng bộ thành công"}, OutcomeClass.DELIVERED),
        ({"error_code": "0", "message": "tha\u0300nh co\u0302ng"}, OutcomeClass.DELIVERED),
        ({"error_code": "0", "result": "Đồng bộ thành công"}, OutcomeClass.DELIVERED),
        ({"error_code": "0", "message": "Cập nhật thất bại"}, OutcomeClass.UNKNOWN),
        ({"error_code": "0", "message": None}, OutcomeClass.UNKNOWN),
        ({"error_code": 0}, OutcomeClass.UNKNOWN),
        ({"error_code": 0, "message": "thành công", "result": [{"error_code": "00"}]}, OutcomeClass.DELIVERED),
        (
            {"error_code": 0, "message": "thành công", "result": [{"error_code": -6, "message": "MaTTHC: bắt buộc"}]},
            OutcomeClass.REFUSED_MESSAGE,
        ),
        ({"error_code": -6, "message": "Trường MaTTHC: bắt buộc"}, OutcomeClass.REFUSED_MESSAGE),
    ],
)
async def test_replies_are_read_tolerantly(
    portal: Portal, sync: Operation, body: object, expected: OutcomeClass
) -> None:
    """Codes as numbers or texts, any form of Unicode, a message that is missing."""
    portal.script = [always(httpx.Response(200, json=body))]

    assert expected is await outcome(sync, job(dossier()))


async def test_a_byte_order_mark_does_no_harm(portal: Portal, sync: Operation) -> None:
    """Some gateways put one before the JSON."""
    body = "\ufeff" + json.dumps({"error_code": "0", "message": "thành công"})
    portal.script = [always(httpx.Response(200, content=body.encode()))]

    assert OutcomeClass.DELIVERED is await outcome(sync, job(dossier()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"message":"ok"}',
        b'{"error_code":true}',
        b'{"error_code":null}',
        b"\xff\xfe{",
        b'"0"',
    ],
)
async def test_a_success_that_nobody_can_read_is_in_doubt(portal: Portal, sync: Operation, body: bytes) -> None:
    """HTTP 200 without a code: it may have acted."""
    portal.script = [always(httpx.Response(200, content=body))]

    with pytest.raises(ReplyUnreadable):
        await sync.send(job(dossier()))


async def test_a_page_in_place_of_a_reply_is_a_firewall(portal: Portal, sync: Operation) -> None:
    """It stops the platform and spares the message."""
    portal.script = [always(httpx.Response(200, html="<!DOCTYPE html><html><body>Request Rejected</body></html>"))]

    assert OutcomeClass.REFUSED_US is await outcome(sync, job(dossier()))


async def test_texts_are_kept_short(portal: Portal, sync: Operation) -> None:
    """A reply's text is cut at 2000 characters."""
    portal.script = [always(httpx.Response(500, text="ă" * 5000))]

    assert "ă" * 2000 == (await sync.send(job(dossier()))).text


async def asked(portal: Portal, sync: Operation, stored: object) -> Finding:
    """What an inquiry finds when the portal holds that."""
    portal.script = [always(says(0, "Tra cứu thành công", stored))]
    return await sync.inquire(job(dossier()))


def stored_by(**changes: object) -> dict[str, object]:
    """A record of the portal, in part."""
    ours = {"MaHoSo": "H56.14-250901-0001", "TrangThaiHoSo": "2", "ChuHoSo": NAME, "NgayTiepNhan": "20250901083000"}
    return {**ours, **changes}


@pytest.mark.parametrize(
    "stored",
    [
        [stored_by()],
        stored_by(),
        [stored_by(TrangThaiHoSo=2)],
        [stored_by(MaDoiTuong=None, TaiLieuNop=None, DSKetNoiCSDL=[])],
        [stored_by(NgayCapNhat="20250901090000", DinhDanhCHS=[{"LoaiDinhDanh": "1", "SoDinhDanh": NUMBER, "Id": 5}])],
        [stored_by(MaHoSo="H56.14-250901-0002", TrangThaiHoSo="9"), stored_by()],
    ],
    ids=["list", "object", "number", "nothing", "more", "several"],
)
async def test_our_state_at_the_portal_is_present(portal: Portal, sync: Operation, stored: object) -> None:
    """Everything that both carry agrees; types, empty values and the portal's own fields do not matter."""
    assert Finding.PRESENT is await asked(portal, sync, stored)
    assert {"session", "madonvi", "service", "mahoso"} == set(portal.calls[0])


@pytest.mark.parametrize(
    "stored",
    [
        [],
        {},
        None,
        [stored_by(TrangThaiHoSo="4")],
        [stored_by(ChuHoSo="NGUYỄN VĂN KHÁC")],
        [stored_by(NgayTiepNhan="20250901083001")],
        [stored_by(DinhDanhCHS=[])],
        [stored_by(DinhDanhCHS=[{"LoaiDinhDanh": "1", "SoDinhDanh": "001000000002"}])],
        [stored_by(GhiChu="khác")],
    ],
)
async def test_another_state_at_the_portal_is_absent(portal: Portal, sync: Operation, stored: object) -> None:
    """Unknown, or known in another state: what we sent has not arrived."""
    assert Finding.ABSENT is await asked(portal, sync, stored)


async def test_a_dossier_that_the_portal_says_it_does_not_know_is_absent(portal: Portal, sync: Operation) -> None:
    """Said by code and words instead of an empty result."""
    portal.script = [always(says(7, "Hồ sơ không tồn tại"))]

    assert Finding.ABSENT is await sync.inquire(job(dossier()))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (says(0, "Tra cứu thành công", ["?"]), ReplyUnreadable),
        (says(0, "Tra cứu thành công", "không rõ"), ReplyUnreadable),
        (says(0, "Tra cứu thành công", [{"MaHoSo": "H56.14-250901-0001"}]), ReplyUnreadable),
        (says(0, "Tra cứu thành công", [stored_by(MaHoSo="H56.14-250901-0002")]), ReplyUnreadable),
        (says(-6, "mahoso không hợp lệ"), ReplyUnreadable),
        (httpx.Response(500), ReplyUnreadable),
        (httpx.Response(200, text="x"), ReplyUnreadable),
        (httpx.Response(503), NotSent),
        (httpx.Response(429), NotSent),
        (httpx.Response(403), RefusedUs),
        (httpx.Response(404), RefusedUs),
        (httpx.Response(200, html="<html></html>"), RefusedUs),
        (httpx.ReadTimeout("slow"), ReplyLost),
        (httpx.ConnectError("no"), NotSent),
    ],
)
async def test_an_inquiry_that_cannot_be_judged_leaves_the_doubt(
    portal: Portal, sync: Operation, said: Said, fault: type[PlatformFault]
) -> None:
    """Neither present nor absent is guessed."""
    portal.script = [always(said)]

    with pytest.raises(PlatformFault) as caught:
        await sync.inquire(job(dossier()))
    assert fault is type(caught.value)


async def test_an_inquiry_after_a_lost_reply_finds_what_arrived(portal: Portal, sync: Operation) -> None:
    """The portal acted and the reply was lost: it holds our state, and not yet the next one."""

    def acts_and_is_lost(body: dict[str, Any]) -> Said:
        portal.act(body)
        return httpx.ReadTimeout("slow")

    portal.script = [acts_and_is_lost]
    with pytest.raises(ReplyLost):
        await sync.send(job(dossier()))

    assert Finding.PRESENT is await sync.inquire(job(dossier()))
    assert Finding.ABSENT is await sync.inquire(job(dossier(2, DossierStatus.PROCESSING)))


async def test_rows_go_out_in_parts(portal: Portal, progress: Operation) -> None:
    """Twenty-three steps are three requests that hold each step once, in order."""
    submission = dossier(steps=23)
    assert 3 == progress.parts(submission)
    assert [OutcomeClass.DELIVERED] * 3 == [await outcome(progress, job(submission, part, 3)) for part in range(3)]

    assert [f"Bước {number}" for number in range(23)] == [row["NoiDungXuLy"] for row in portal.rows]
    assert [7, 8, 8] == [len(call["data"]) for call in portal.calls]
    assert {"session", "madonvi", "service", "data"} == set(portal.calls[0])


async def test_rows_cannot_be_asked_about(progress: Operation) -> None:
    """No service tells: the doubt stays with the caller."""
    with pytest.raises(ReplyLost):
        await progress.inquire(job(dossier(steps=1)))


async def test_a_dossier_without_steps_owes_no_rows(adapter: PortalAdapter) -> None:
    """One delivery for the dossier, none for progress."""
    assert [1, 0] == [one.parts(dossier()) for one in adapter.operations]


PRIVATE: Sequence[str] = (NAME, NUMBER, "right", "S1")


@pytest.mark.parametrize("said", [httpx.ReadTimeout("slow"), httpx.ConnectError("no"), httpx.Response(200, text=NAME)])
async def test_no_error_names_a_person_or_a_secret(portal: Portal, sync: Operation, said: Said) -> None:
    """Errors speak of classes and codes."""
    portal.script = [always(said)]

    with pytest.raises(PlatformFault) as caught:
        await sync.send(job(dossier()))
    assert not [word for word in PRIVATE if word in f"{caught.value!r} {caught.value.hint}"]
