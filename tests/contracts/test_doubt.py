"""Every operation of every installed adapter: its declaration is true of its sandbox."""

import importlib
import importlib.resources
import pkgutil
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import adapters
from adapters import national_portal
from adapters.monitoring import emc
from hub.clock import SystemClock
from hub.errors import ReplyLost
from hub.ports import Adapter, DoubtRule, Effect, Finding, Job, Operation, OutcomeRule, Reply
from hub.settings import load
from hub.settings.founding import found
from ops.sandbox.emc.sandbox import EmcSandbox
from ops.sandbox.emc.settings import EmcSettings
from ops.sandbox.portal.sandbox import PortalSandbox
from ops.sandbox.portal.settings import PortalSettings
from ops.sandbox.remote import Remote
from ops.sandbox.sandbox import Placement, Sandbox, running
from schemas.delivery import OutcomeClass
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure
from tests.contracts.doubt_suite import PROOFS, Case, DoubtSuite, Ground, answer_honestly, follow_the_rule
from tests.e2e.installation import replace_value

AT = datetime(2025, 9, 1, 1, 30, tzinfo=UTC)
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2025, 7, 1)
)
WIRE = {
    "plain_http": "true",
    "connect_timeout_s": "1",
    "ready_timeout_s": "1",
    "read_timeout_s": "2",
    "deadline_s": "5",
}


def job(revision: int, status: str) -> Job:
    """A job about a state of one dossier, with one step of the work."""
    step = {"officer": "Trần Thị B", "position": "Công chức", "unit": "Một cửa", "at": AT, "started_at": AT}
    fields: dict[str, object] = {
        "code": "H56.14-250901-0001",
        "revision": revision,
        "procedure": PROCEDURE.code,
        "status": status,
        "channel": "online",
        "applicant": {"kind": "citizen", "name": "Nguyễn Thị Mẫu", "personal_number": "001000000001"},
        "summary": "Đăng ký khai sinh",
        "processing_unit": "Trung tâm Phục vụ hành chính công",
        "received_at": AT,
        "progress": [{**step, "content": f"Bước {revision}", "status": status}],
    }
    return Job(f"m-{revision}", DossierSubmission.model_validate(fields, strict=False), PROCEDURE, 0, 1)


CASE = Case(job(1, "accepted"), job(2, "processing"))


@dataclass
class SandboxGround(Ground):
    """A sandbox, and the operation in front of it. `kinds` of its ledger's rows are what the operation does."""

    remote: Remote
    operation: Operation
    kinds: Collection[str]
    service: str

    async def effects(self) -> Sequence[object]:
        """As the ground."""
        return [(row["kind"], row["data"]) async for row in self.remote.rows() if row["kind"] in self.kinds]

    async def lose_the_next_reply(self) -> None:
        """As the ground."""
        await self.remote.fault("drop_reply", count=1, service=self.service)

    async def lose_the_next_call(self) -> None:
        """As the ground."""
        await self.remote.fault("cut_before_acting", count=1, service=self.service)


@asynccontextmanager
async def played(sandbox: Sandbox) -> AsyncIterator[tuple[str, Remote, AsyncExitStack]]:
    """Run a sandbox; adapters are closed with the stack."""
    async with running(sandbox) as addresses, Remote(addresses.control) as remote, AsyncExitStack() as stack:
        yield addresses.data, remote, stack


def portal(address: str) -> Adapter:
    """The portal's adapter with the sandbox's account."""
    known = PortalSettings()
    account = {"username": known.username, "password": known.password, "provider": known.dstcode, "unit": "H56"}
    config = national_portal.CONFIG.model_validate({"adapter_url": address, **account, "wire": WIRE})
    return national_portal.build(config, SystemClock())


class TestDossierSync(DoubtSuite):
    """The portal's dossiers."""

    operation = "national_portal.dossier_sync"

    async def playing(self, folder: Path) -> AsyncIterator[tuple[Ground, Case]]:
        """An empty portal."""
        async with played(PortalSandbox(Placement(folder))) as (address, remote, stack):
            adapter = portal(address)
            stack.push_async_callback(adapter.aclose)
            kinds = ("dossier_created", "dossier_updated")
            yield SandboxGround(remote, adapter.operations[0], kinds, "DongBoHoSoMC"), CASE


class TestDossierProgress(DoubtSuite):
    """The portal's rows of progress."""

    operation = "national_portal.dossier_progress"

    async def playing(self, folder: Path) -> AsyncIterator[tuple[Ground, Case]]:
        """A portal that has the dossier."""
        async with played(PortalSandbox(Placement(folder))) as (address, remote, stack):
            adapter = portal(address)
            stack.push_async_callback(adapter.aclose)
            await adapter.operations[0].send(CASE.job)
            yield SandboxGround(remote, adapter.operations[1], ("progress",), "CapNhatTienDoHoSoMC"), CASE


class TestDossierTracking(DoubtSuite):
    """EMC's events, sent again in doubt."""

    operation = "emc.dossier_tracking"
    on_doubt = "resend"

    async def playing(self, folder: Path) -> AsyncIterator[tuple[Ground, Case]]:
        """An empty EMC."""
        known = EmcSettings()
        site = {"site_id": str(known.site_id), "code_profile": known.code_profile, "location": "38"}
        async with played(EmcSandbox(Placement(folder))) as (address, remote, stack):
            config = emc.CONFIG.model_validate(
                {
                    "url": f"{address}/TrackingMCDT",
                    "pseudonym_key": "SANDBOX-PSEUDONYM-KEY-OF-32-CHARS",
                    "on_doubt": self.on_doubt,
                    "wire": WIRE,
                    **site,
                }
            )
            adapter = emc.build(config, SystemClock())
            stack.push_async_callback(adapter.aclose)
            yield SandboxGround(remote, adapter.operations[0], ("event",), "TrackingMCDT"), CASE


class TestDossierTrackingByOperators(TestDossierTracking):
    """EMC's events, left to an operator in doubt."""

    on_doubt = "operator"


SUITES = (TestDossierSync, TestDossierProgress, TestDossierTracking)


# --- nobody is left out ----------------------------------------------------------------------------------------------


def modules() -> set[str]:
    """Return every module below `adapters` that can be named in a configuration."""
    names = {each.name for each in pkgutil.walk_packages(adapters.__path__, "adapters.")}
    return {name for name in names if {"CONFIG", "build"} <= vars(importlib.import_module(name)).keys()}


async def test_every_installed_operation_has_its_proof(tmp_path: Path) -> None:
    """An adapter without a sandbox, or an operation without a suite, is found here."""
    with importlib.resources.as_file(importlib.resources.files("ops")) as ops:
        found(tmp_path / "hub", [ops / "config", ops / "sandbox" / "installation"], "127.0.0.1:0", sandbox=True)
    for file in (tmp_path / "hub" / "platforms").glob("*.yaml"):
        replace_value(file, "enabled", "true")
    platforms = load(tmp_path / "hub", environ={}).platforms
    built = [platform.module.build(platform.settings, SystemClock()) for platform in platforms]
    names = {operation.name for adapter in built for operation in adapter.operations}
    for adapter in built:
        await adapter.aclose()

    # A family may offer its adapter a second time, from the module in which it is written.
    assert {importlib.import_module(name).build for name in modules()} == {each.module.build for each in platforms}
    assert names == {suite.operation for suite in SUITES}


# --- a lie is found --------------------------------------------------------------------------------------------------


@dataclass
class Imagined:
    """The `Operation` port before a platform that does what `truth` says, whatever is declared."""

    truth: Effect
    effect: Effect
    on_doubt: DoubtRule
    believes: Finding | None = None
    name: str = "imagined.deed"
    platform: str = "imagined"
    rules: Sequence[OutcomeRule] = (OutcomeRule(OutcomeClass.DELIVERED, code="0"),)
    held: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def parts(self, submission: DossierSubmission) -> int:
        """One."""
        return 1

    async def send(self, job: Job) -> Reply:
        """Act as is true, unless the call is lost."""
        trouble = self.trouble.pop() if self.trouble else ""
        if trouble == "call":
            raise ReplyLost
        if self.truth is Effect.APPEND or job.message_id not in self.held:
            self.held.append(job.message_id)
        if trouble == "reply":
            raise ReplyLost
        return Reply(200, "0", "")

    async def inquire(self, job: Job) -> Finding:
        """Answer as is believed, or as is true where the truth is that it can be asked."""
        if self.believes is not None:
            return self.believes
        if self.truth is not Effect.QUERYABLE:
            raise ReplyLost
        return Finding.PRESENT if job.message_id in self.held else Finding.ABSENT


class ImaginedGround(Ground):
    """The ground of an imagined operation."""

    def __init__(self, imagined: Imagined) -> None:
        self.operation = self._imagined = imagined

    async def effects(self) -> Sequence[object]:
        """As the ground."""
        return self._imagined.held

    async def lose_the_next_reply(self) -> None:
        """As the ground."""
        self._imagined.trouble.append("reply")

    async def lose_the_next_call(self) -> None:
        """As the ground."""
        self._imagined.trouble.append("call")


async def prove_all(truth: Effect, declared: Effect, on_doubt: DoubtRule, believes: Finding | None = None) -> None:
    """Run every proof of a declaration, each on fresh ground."""
    for proof in (PROOFS[declared], follow_the_rule, answer_honestly):
        await proof(ImaginedGround(Imagined(truth, declared, on_doubt, believes)), CASE)


@pytest.mark.parametrize(
    ("truth", "on_doubt"),
    [
        (Effect.KEYED, DoubtRule.RESEND),
        (Effect.QUERYABLE, DoubtRule.INQUIRE),
        (Effect.OVERWRITE, DoubtRule.RESEND),
        (Effect.APPEND, DoubtRule.RESEND),
        (Effect.APPEND, DoubtRule.OPERATOR),
    ],
)
async def test_the_truth_is_proved(truth: Effect, on_doubt: DoubtRule) -> None:
    """A declaration that is true passes."""
    await prove_all(truth, truth, on_doubt)


@pytest.mark.parametrize(
    ("truth", "declared", "on_doubt", "believes"),
    [
        (Effect.APPEND, Effect.KEYED, DoubtRule.RESEND, None),
        (Effect.APPEND, Effect.OVERWRITE, DoubtRule.RESEND, None),
        (Effect.KEYED, Effect.APPEND, DoubtRule.RESEND, None),
        (Effect.QUERYABLE, Effect.QUERYABLE, DoubtRule.INQUIRE, Finding.PRESENT),
        (Effect.QUERYABLE, Effect.QUERYABLE, DoubtRule.INQUIRE, Finding.ABSENT),
        (Effect.QUERYABLE, Effect.QUERYABLE, DoubtRule.RESEND, None),
        (Effect.APPEND, Effect.APPEND, DoubtRule.INQUIRE, None),
        (Effect.APPEND, Effect.APPEND, DoubtRule.RESEND, Finding.ABSENT),
    ],
)
async def test_a_lie_is_found(truth: Effect, declared: Effect, on_doubt: DoubtRule, believes: Finding | None) -> None:
    """A repeat that adds, an inquiry that always says the same, a rule that the effect class forbids."""
    with pytest.raises((AssertionError, pytest.fail.Exception, ReplyLost)):
        await prove_all(truth, declared, on_doubt, believes)
