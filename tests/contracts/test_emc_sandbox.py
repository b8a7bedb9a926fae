"""The adapter against the sandbox EMC: two readings of one interface, written apart, that must agree."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.monitoring.emc import CONFIG, build
from hub.clock import SystemClock
from hub.errors import NotSent, PlatformFault, RefusedUs, ReplyLost
from hub.pipeline.classify import classify
from hub.ports import Adapter, Job
from ops.sandbox.emc.sandbox import EmcSandbox
from ops.sandbox.emc.settings import EmcSettings
from ops.sandbox.remote import Remote
from ops.sandbox.sandbox import Placement, running
from schemas.delivery import OutcomeClass
from schemas.dossier import Channel, DossierStatus, DossierSubmission
from schemas.procedure import Procedure

AT = datetime(2025, 9, 1, 1, 30, tzinfo=UTC)
CODE = "000.00.14.H56-250901-0001"
PROCEDURE = Procedure(
    code="1.001193",
    name="Thủ tục đăng ký khai sinh",
    field_code="G15-HT01",
    field_name="Hộ tịch",
    valid_from=date(2025, 7, 1),
)


def dossier(**changes: object) -> DossierSubmission:
    """A dossier as a one-stop system may send it."""
    fields: dict[str, object] = {
        "code": CODE,
        "revision": 1,
        "procedure": "1.001193",
        "status": DossierStatus.ACCEPTED,
        "channel": "online",
        "applicant": {"kind": "citizen", "name": "Nguyễn Thị Mẫu", "personal_number": "001000000001"},
        "summary": "Đăng ký khai sinh",
        "processing_unit": "Trung tâm Phục vụ hành chính công",
        "received_at": AT,
        **changes,
    }
    return DossierSubmission.model_validate(fields, strict=False)


def site(**changes: object) -> dict[str, object]:
    """The sandbox's registration, and short bounds."""
    wire = {"plain_http": "true", "connect_timeout_s": "1", "ready_timeout_s": "1", "read_timeout_s": "0.5"}
    return {
        "site_id": str(EmcSettings().site_id),
        "code_profile": EmcSettings().code_profile,
        "location": "38",
        "pseudonym_key": "SANDBOX-PSEUDONYM-KEY-OF-32-CHARS",
        "wire": {**wire, "deadline_s": "5"},
        **changes,
    }


@dataclass
class Scene:
    """A sandbox, what it can be ordered to do, and the adapter in front of it."""

    remote: Remote
    adapter: Adapter

    async def track(self, submission: DossierSubmission) -> OutcomeClass:
        """Tell an event and judge the reply."""
        operation = self.adapter.operations[0]
        reply = await operation.send(Job("m-1", submission, PROCEDURE, 0, 1))
        return classify(reply, operation.rules)

    async def events(self) -> list[dict[str, Any]]:
        """What the sandbox took."""
        return [row["data"] async for row in self.remote.rows(kind="event")]


@asynccontextmanager
async def playing(folder: Path, settings: EmcSettings | None = None, **changes: object) -> AsyncIterator[Scene]:
    """Run a sandbox with an adapter in front of it."""
    async with running(EmcSandbox(Placement(folder), settings)) as addresses, Remote(addresses.control) as remote:
        config = CONFIG.model_validate({"url": f"{addresses.data}/TrackingMCDT", **site(**changes)})
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


async def test_the_strict_emc_takes_every_event(scene: Scene) -> None:
    """All states through all channels; each is one event under the code as it was spelled."""
    sent = [dossier(status=status, channel=channel) for status in DossierStatus for channel in Channel]

    assert {OutcomeClass.DELIVERED} == {await scene.track(one) for one in sent}
    events = await scene.events()
    assert {CODE} == {event["MaHoSo"] for event in events}
    assert ["1", "1", "0", "2", "0", "0", "0", "0", "3", "3"] == [event["Status"] for event in events[::3]]


@pytest.mark.parametrize("identity", ["pseudonym", "raw", "none"])
@pytest.mark.parametrize(
    "applicant",
    [
        {"kind": "citizen", "name": "A", "personal_number": "001000000001"},
        {"kind": "citizen", "name": "A", "personal_number": "012345678"},
        {"kind": "enterprise", "name": "A"},
        {"kind": "enterprise", "name": "A", "personal_number": "001000000001"},
    ],
    ids=["twelve", "nine", "enterprise", "household"],
)
async def test_the_strict_emc_takes_every_owner(tmp_path: Path, identity: str, applicant: dict[str, str]) -> None:
    """However he is named, and the number is there only where the configuration says `raw`."""
    async with playing(tmp_path, user_identity=identity) as scene:
        assert OutcomeClass.DELIVERED is await scene.track(dossier(applicant=applicant))
        (event,) = await scene.events()

    number = applicant.get("personal_number", "")
    assert (identity == "raw" or not number) is (json.loads(event["User"])["ID_local"] == number)


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (EmcSettings(code_profile=""), {"code_profile": ""}),
        (EmcSettings(field_names="lower_first"), {"field_names": "lower_first"}),
    ],
    ids=["dossier as profile", "small first letters"],
)
async def test_what_is_assumed_can_be_set_on_both_sides(
    tmp_path: Path, settings: EmcSettings, changes: dict[str, object]
) -> None:
    """An event arrives where both sides are set alike, and is refused where they are not."""
    async with playing(tmp_path / "alike", settings, **changes) as scene:
        assert OutcomeClass.DELIVERED is await scene.track(dossier())
        assert CODE == (await scene.events())[0]["MaHoSo"]
    async with playing(tmp_path / "apart", settings) as scene:
        assert OutcomeClass.DELIVERED is not await scene.track(dossier())


async def test_a_repeat_adds(scene: Scene) -> None:
    """What `append` means: the same event twice is two events."""
    for _ in range(2):
        assert OutcomeClass.DELIVERED is await scene.track(dossier())
    assert 2 == len(await scene.events())


@pytest.mark.parametrize(
    ("fault", "bounds", "events"),
    [
        ("drop_reply", {}, 1),
        ("truncate", {}, 1),
        ("stall", {"delay_s": 2.0}, 1),
        ("cut_before_acting", {}, 0),
        ("stall", {"delay_s": 2.0, "acts": False}, 0),
    ],
)
async def test_a_lost_reply_leaves_a_doubt(scene: Scene, fault: str, bounds: dict[str, object], events: int) -> None:
    """Whether EMC acted cannot be told from the failure, and cannot be asked."""
    await scene.remote.fault(fault, count=1, **bounds)

    with pytest.raises(ReplyLost):
        await scene.track(dossier())
    assert events == len(await scene.events())


@pytest.mark.parametrize(
    ("fault", "bounds", "outcome", "events"),
    [
        ("html", {}, OutcomeClass.REFUSED_US, 0),
        ("status", {"status": 503}, OutcomeClass.UNAVAILABLE, 0),
        ("status", {"status": 429}, OutcomeClass.UNAVAILABLE, 0),
        ("status", {"status": 400}, OutcomeClass.REFUSED_MESSAGE, 0),
        ("status", {"status": 500}, OutcomeClass.UNKNOWN, 0),
        ("status", {"status": 502, "acts": True}, OutcomeClass.UNKNOWN, 1),
    ],
)
async def test_a_strange_reply_is_judged(
    scene: Scene, fault: str, bounds: dict[str, object], outcome: OutcomeClass, events: int
) -> None:
    """Where the table says that EMC did not act, it did not."""
    await scene.remote.fault(fault, service="TrackingMCDT", key=CODE, count=1, **bounds)

    assert outcome is await scene.track(dossier())
    assert events == len(await scene.events())


@pytest.mark.parametrize("wrong", [{"site_id": "1"}, {"code_profile": "H57"}], ids=["site", "profile"])
async def test_an_unregistered_site_spares_the_message(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """What every event carries alike is our fault."""
    async with playing(tmp_path, **wrong) as scene:
        assert OutcomeClass.REFUSED_US is await scene.track(dossier())
        assert [] == await scene.events()


async def test_a_registration_that_changed_refuses_us(scene: Scene) -> None:
    """Not the message: when the site is registered again, the same event arrives."""
    await scene.remote.rotate(site_id="77")
    assert OutcomeClass.REFUSED_US is await scene.track(dossier())
    await scene.remote.rotate(site_id="5638")
    assert OutcomeClass.DELIVERED is await scene.track(dossier())


async def test_an_event_of_before_the_switch_is_kept(tmp_path: Path) -> None:
    """Accepted while there was a site, due when there is none: nothing is sent, and the message is spared."""
    async with playing(tmp_path, site_id="null") as scene:
        with pytest.raises(RefusedUs):
            await scene.track(dossier())
        assert {} == (await scene.remote.summary())["requests"]


async def test_an_outage_leaves_no_doubt_where_nothing_was_sent(scene: Scene) -> None:
    """While the port is closed nothing is sent; afterwards the same event arrives."""
    await scene.remote.fault("down", duration_s=0.3)
    with pytest.raises(PlatformFault) as caught:
        await scene.track(dossier())
    assert NotSent is type(caught.value)
    await asyncio.sleep(0.5)

    assert OutcomeClass.DELIVERED is await scene.track(dossier())
    assert 1 == len(await scene.events())
