"""The adapter against the sandbox portal: two readings of one interface, written apart, that must agree."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.national_portal import CONFIG, build
from hub.clock import SystemClock
from hub.errors import NotSent, PlatformFault, RefusedUs, ReplyLost
from hub.pipeline.classify import classify
from hub.ports import Adapter, Finding, Job
from ops.sandbox.portal.sandbox import PortalSandbox
from ops.sandbox.portal.settings import PortalSettings
from ops.sandbox.remote import Remote
from ops.sandbox.sandbox import Placement, running
from schemas.delivery import OutcomeClass
from schemas.dossier import DossierStatus, DossierSubmission
from schemas.procedure import Procedure

AT = datetime(2025, 9, 1, 1, 30, tzinfo=UTC)
CODE = "H56.14-250901-0001"
PROCEDURE = Procedure(
    code="1.001193",
    name="Thủ tục đăng ký khai sinh",
    field_code="G15-HT01",
    field_name="Hộ tịch",
    valid_from=date(2025, 7, 1),
)


def dossier(**changes: object) -> DossierSubmission:
    """A dossier in which every field has a value, as a one-stop system may send it."""
    file = {"name": "giấy chứng sinh.pdf", "url": "https://mot-cua.example/f1", "digitised": True}
    fields: dict[str, object] = {
        "code": CODE,
        "revision": 1,
        "procedure": "1.001193",
        "status": DossierStatus.ACCEPTED,
        "channel": "online",
        "applicant": {
            "kind": "citizen",
            "name": "Nguyễn Thị Mẫu",
            "personal_number": "001000000001",
            "account_id": "TECH-1",
            "phone": "0900000000",
            "email": "mau@example.vn",
            "account_verified": True,
        },
        "summary": "Đăng ký khai sinh",
        "processing_unit": "Trung tâm Phục vụ hành chính công",
        "received_at": AT,
        "submitted_at": AT,
        "due_at": AT,
        "finished_at": AT,
        "returned_at": AT,
        "refused_at": AT,
        "result_delivery": "post",
        "fee_payment": "online",
        "attachments": [
            {"id": "f1", "component": "KQ.G18.000001", "reuse": "component", "from_repository": True, **file},
            {"id": "f2", "deleted": True, **file},
        ],
        "fees": [{"code": "LP01", "name": "Lệ phí", "kind": "fee", "amount_vnd": 8000, "collection": "after"}],
        "results": [
            {"id": "r1", "name": "Giấy khai sinh", "url": "https://mot-cua.example/r1", "code": "KQ.G15.000031"}
        ],
        "consulted_databases": ["7"],
        "note": "Dòng một\nDòng hai",
        **changes,
    }
    return DossierSubmission.model_validate(fields, strict=False)


def steps(count: int) -> list[dict[str, object]]:
    """That many steps of the work."""
    return [
        {
            "officer": "Trần Thị B",
            "position": "Công chức",
            "unit": "Một cửa",
            "at": AT + timedelta(minutes=number),
            "content": f"Bước {number}",
            "status": "processing",
            "started_at": AT,
            "due_at": AT,
        }
        for number in range(count)
    ]


def job(submission: DossierSubmission, part: int = 0, of: int = 1) -> Job:
    """A job about it."""
    return Job("m-1", submission, PROCEDURE, part, of)


def account(**changes: object) -> dict[str, object]:
    """The sandbox's account, and short bounds."""
    sandbox = PortalSettings()
    wire = {"plain_http": "true", "connect_timeout_s": "1", "ready_timeout_s": "1", "read_timeout_s": "0.5"}
    return {
        "username": sandbox.username,
        "password": sandbox.password,
        "provider": sandbox.dstcode,
        "unit": sandbox.madonvi,
        "wire": {**wire, "deadline_s": "5"},
        **changes,
    }


@dataclass
class Scene:
    """A sandbox, what it can be ordered to do, and the adapter in front of it."""

    remote: Remote
    adapter: Adapter

    async def sync(self, submission: DossierSubmission) -> OutcomeClass:
        """Send a dossier and judge the reply."""
        operation = self.adapter.operations[0]
        return classify(await operation.send(job(submission)), operation.rules)

    async def progress(self, submission: DossierSubmission) -> list[OutcomeClass]:
        """Send all rows of a dossier, part by part."""
        operation = self.adapter.operations[1]
        of = operation.parts(submission)
        return [classify(await operation.send(job(submission, part, of)), operation.rules) for part in range(of)]

    async def asked(self, submission: DossierSubmission) -> Finding:
        """Ask whether a dossier has arrived."""
        return await self.adapter.operations[0].inquire(job(submission))

    async def effects(self) -> list[tuple[str, Any]]:
        """What the sandbox did, look-ups left out."""
        return [(row["kind"], row["data"]) async for row in self.remote.rows() if row["kind"] != "lookup"]

    async def kinds(self) -> list[str]:
        """The kinds of what it did."""
        return [kind for kind, _ in await self.effects()]


@asynccontextmanager
async def playing(folder: Path, **changes: object) -> AsyncIterator[Scene]:
    """Run a sandbox with an adapter in front of it."""
    async with running(PortalSandbox(Placement(folder))) as addresses, Remote(addresses.control) as remote:
        config = CONFIG.model_validate({"adapter_url": addresses.data, **account(**changes)})
        adapter = build(config, SystemClock())
        try:
            yield Scene(remote, adapter)
        finally:
            await adapter.aclose()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A fresh sandbox."""
    async with playing(tmp_path) as one:
        yield one


async def test_the_strict_portal_takes_every_field(scene: Scene) -> None:
    """A full dossier is created, then updated, with one effect each."""
    assert OutcomeClass.DELIVERED is await scene.sync(dossier())
    assert OutcomeClass.DELIVERED is await scene.sync(dossier(revision=2, status="finished"))

    (created, first), (updated, second) = await scene.effects()
    assert ["dossier_created", "dossier_updated"] == [created, updated]
    assert [("2", "20250901083000"), ("9", "20250901083000")] == [
        (data["TrangThaiHoSo"], data["NgayTiepNhan"]) for data in (first, second)
    ]


@pytest.mark.parametrize("status", DossierStatus)
async def test_the_strict_portal_takes_every_status(scene: Scene, status: DossierStatus) -> None:
    """All ten states are known to it, with optional fields left out."""
    bare = {"applicant": {"kind": "enterprise", "name": "CÔNG TY A"}, "attachments": [], "fees": [], "results": []}

    assert OutcomeClass.DELIVERED is await scene.sync(dossier(status=status, submitted_at=None, **bare))


async def test_rows_arrive_once_and_in_order(scene: Scene) -> None:
    """Twenty-five steps are three requests of at most ten rows."""
    submission = dossier(progress=steps(25))
    await scene.sync(submission)

    assert [OutcomeClass.DELIVERED] * 3 == await scene.progress(submission)
    rows = [data["NoiDungXuLy"] for kind, data in await scene.effects() if kind == "progress"]
    assert [f"Bước {number}" for number in range(25)] == rows


async def test_rows_of_an_unknown_dossier_are_refused(scene: Scene) -> None:
    """The portal wants the dossier first."""
    assert [OutcomeClass.REFUSED_MESSAGE] == await scene.progress(dossier(progress=steps(1)))


async def test_what_exists_is_updated_and_what_is_unknown_is_created(scene: Scene) -> None:
    """Each in the same try, with one effect."""
    assert OutcomeClass.DELIVERED is await scene.sync(dossier(revision=5))
    assert OutcomeClass.DELIVERED is await scene.sync(dossier(revision=1))
    assert ["dossier_created", "dossier_updated"] == await scene.kinds()


@pytest.mark.parametrize("form", ["error_code_as_int", "error_code_as_str"])
async def test_both_forms_of_codes_are_read(scene: Scene, form: str) -> None:
    """Success, duplicate and refusal are told apart whatever the type of the code."""
    await scene.remote.fault(form)

    assert OutcomeClass.DELIVERED is await scene.sync(dossier())
    assert OutcomeClass.DELIVERED is await scene.sync(dossier())
    assert OutcomeClass.REFUSED_MESSAGE is await scene.sync(dossier(consulted_databases=["x" * 21]))


@pytest.mark.parametrize(
    ("fault", "bounds", "found"),
    [
        ("drop_reply", {}, Finding.PRESENT),
        ("truncate", {}, Finding.PRESENT),
        ("stall", {"delay_s": 2.0}, Finding.PRESENT),
        ("cut_before_acting", {}, Finding.ABSENT),
        ("stall", {"delay_s": 2.0, "acts": False}, Finding.ABSENT),
    ],
)
async def test_a_lost_reply_is_settled_by_asking(
    scene: Scene, fault: str, bounds: dict[str, object], found: Finding
) -> None:
    """Whether the portal acted is not known from the failure, and is known from the inquiry."""
    await scene.remote.fault(fault, service="DongBoHoSoMC", count=1, **bounds)

    with pytest.raises(ReplyLost):
        await scene.sync(dossier())
    assert found is await scene.asked(dossier())
    assert Finding.ABSENT is await scene.asked(dossier(revision=2, status="processing"))
    assert (["dossier_created"] if found is Finding.PRESENT else []) == await scene.kinds()


@pytest.mark.parametrize(
    ("fault", "bounds", "outcome", "kinds"),
    [
        ("html", {}, OutcomeClass.REFUSED_US, []),
        ("status", {"status": 503}, OutcomeClass.UNAVAILABLE, []),
        ("status", {"status": 429}, OutcomeClass.UNAVAILABLE, []),
        ("status", {"status": 403}, OutcomeClass.REFUSED_US, []),
        ("status", {"status": 500}, OutcomeClass.UNKNOWN, []),
        ("status", {"status": 502, "acts": True}, OutcomeClass.UNKNOWN, ["dossier_created"]),
        ("success_code_failure_text", {}, OutcomeClass.UNKNOWN, []),
        ("success_code_failure_text", {"acts": True}, OutcomeClass.UNKNOWN, ["dossier_created"]),
        ("expire_session", {}, OutcomeClass.DELIVERED, ["dossier_created"]),
    ],
)
async def test_a_strange_reply_is_judged(
    scene: Scene, fault: str, bounds: dict[str, object], outcome: OutcomeClass, kinds: list[str]
) -> None:
    """Where the table says that the portal did not act, it did not; where it may have, asking tells."""
    await scene.remote.fault(fault, service="DongBoHoSoMC", count=1, **bounds)

    assert outcome is await scene.sync(dossier())
    assert kinds == await scene.kinds()
    assert (Finding.PRESENT if kinds else Finding.ABSENT) is await scene.asked(dossier())


async def test_half_a_batch_is_in_doubt(scene: Scene) -> None:
    """The portal takes five rows of ten and says so in the answer for the whole: nobody calls that delivered."""
    submission = dossier(progress=steps(10))
    await scene.sync(submission)
    await scene.remote.fault("partial_batch", count=1)

    assert [OutcomeClass.UNKNOWN] == await scene.progress(submission)


async def test_an_expired_session_costs_one_log_in_for_all(scene: Scene) -> None:
    """Twenty calls meet an expired session; all arrive."""
    await scene.sync(dossier())
    await scene.remote.expire_sessions()
    codes = [f"H56.14-250901-{number:04}" for number in range(100, 120)]
    outcomes = await asyncio.gather(*(scene.sync(dossier(code=code)) for code in codes))

    assert {OutcomeClass.DELIVERED} == set(outcomes)
    assert 2 == (await scene.remote.summary())["requests"]["login"]


async def test_a_rotated_password_refuses_us(scene: Scene) -> None:
    """Not the message: when the password is right again, the same job arrives."""
    await scene.sync(dossier())
    await scene.remote.rotate(password="another")
    await scene.remote.expire_sessions()

    with pytest.raises(RefusedUs):
        await scene.sync(dossier(revision=2))
    await scene.remote.rotate(password=PortalSettings().password)
    assert OutcomeClass.DELIVERED is await scene.sync(dossier(revision=2))


@pytest.mark.parametrize("wrong", [{"provider": "VN/GOV/WRONG"}, {"username": "nobody"}])
async def test_a_wrong_account_refuses_us_at_the_log_in(tmp_path: Path, wrong: dict[str, object]) -> None:
    """The header and the user are checked before anything else."""
    async with playing(tmp_path, **wrong) as scene:
        with pytest.raises(RefusedUs):
            await scene.sync(dossier())


@pytest.mark.parametrize("wrong", [{"unit": "H99"}, {"push_path": "/mapi/other"}], ids=["unit", "path"])
async def test_a_wrong_road_spares_the_message(tmp_path: Path, wrong: dict[str, object]) -> None:
    """What every call carries alike is our fault."""
    async with playing(tmp_path, **wrong) as scene:
        assert OutcomeClass.REFUSED_US is await scene.sync(dossier())


async def test_an_outage_leaves_no_doubt_where_nothing_was_sent(scene: Scene) -> None:
    """While the port is closed nothing is sent; afterwards the same job arrives."""
    await scene.sync(dossier())
    await scene.remote.fault("down", duration_s=0.4)
    with pytest.raises(PlatformFault) as caught:
        await scene.sync(dossier(revision=2))
    assert NotSent is type(caught.value)
    await asyncio.sleep(0.6)

    assert OutcomeClass.DELIVERED is await scene.sync(dossier(revision=2))
    assert ["dossier_created", "dossier_updated"] == await scene.kinds()
