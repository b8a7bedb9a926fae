"""The adapter against the sandbox population database: two readings of one interface, which must agree."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from adapters.databases.population import CONFIG, build
from hub.clock import SystemClock
from hub.errors import NotSent, PlatformFault, RefusedUs, ReplyLost, ReplyUnreadable
from hub.ports import CitizenSource, Clock
from ops.sandbox.population.sandbox import PopulationSandbox
from ops.sandbox.population.settings import PopulationSettings
from ops.sandbox.remote import Remote
from ops.sandbox.sandbox import Placement, running
from schemas.citizen import Address, Citizen, CitizenQuery, Gender, Relative
from tests.clock import ManualClock

NOTHING: Mapping[str, object] = MappingProxyType({})
REQUEST_ID = "019ab000-0000-7000-8000-000000000001"


def asked(number: str, name: str, birth: str) -> CitizenQuery:
    """Ask for somebody; a birth of four digits is a year."""
    known = {"birth_date": date.fromisoformat(birth)} if len(birth) > 4 else {"birth_year": int(birth)}
    about = {"procedure": "1.001193", "dossier_code": "H56.14-261122-0001", "purpose": "dossier", "officer": "canbo01"}
    return CitizenQuery.model_validate({"personal_number": number, "full_name": name, **known, **about})


EXAMPLE = asked("001000000001", "Nguyễn Văn A", "2000-01-31")


@dataclass
class Scene:
    """A sandbox, what it can be ordered to do, and the source in front of it."""

    remote: Remote
    source: CitizenSource

    async def found(self, query: CitizenQuery = EXAMPLE) -> Sequence[Citizen]:
        """Look somebody up."""
        return await self.source.lookup(query, REQUEST_ID)


@asynccontextmanager
async def playing(
    folder: Path, changes: Mapping[str, object] = NOTHING, clock: Clock | None = None
) -> AsyncIterator[Scene]:
    """Run a sandbox with an adapter in front of it; the adapter goes by `clock` where one is given."""
    sandbox = PopulationSettings()
    async with running(PopulationSandbox(Placement(folder))) as addresses, Remote(addresses.control) as remote:
        config = {
            "url": addresses.data + sandbox.path,
            "validation_url": sandbox.auth_url,
            "user": sandbox.user,
            "secret_key": sandbox.secret,
            "api_key": sandbox.api_key,
            "x_road_client": sandbox.client,
            "request_prefix": "H56",
            "officer_default": "VPUB_THANHHOA",
            "wire": {"plain_http": "true", "read_timeout_s": "1"},
            **changes,
        }
        adapter = build(CONFIG.model_validate(config), clock or SystemClock())
        assert adapter.citizens is not None
        try:
            yield Scene(remote, adapter.citizens)
        finally:
            await adapter.aclose()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A fresh sandbox."""
    async with playing(tmp_path) as one:
        yield one


async def test_the_person_of_the_example_is_read_whole(scene: Scene) -> None:
    """Every element of the record that the hub has a word for."""
    hanoi = Address(province="01", commune="00082", country="VN")
    expected = Citizen(
        personal_number="001000000001",
        former_number="099000001",
        full_name="NGUYỄN VĂN A",
        gender=Gender.MALE,
        birth_date=date(2000, 1, 31),
        ethnicity="01",
        religion="00",
        marital_status="2",
        nationality="VN",
        birth_place=hanoi.model_copy(update={"detail": "Ủy ban nhân dân (SANDBOX)"}),
        home_town=hanoi,
        permanent_residence=hanoi.model_copy(update={"detail": "Số 1 phố Thử Nghiệm (SANDBOX)"}),
        current_residence=Address(province="38", commune="99001", detail="Số 1 phố Thử Nghiệm (SANDBOX)", country="VN"),
        father=Relative(full_name="NGUYỄN VĂN CHA", personal_number="099070900001"),
        mother=Relative(full_name="TRẦN THỊ MẸ", personal_number="099170900002"),
        spouse=Relative(full_name="LÊ THỊ VỢ", personal_number="099302900003"),
        household_head=Relative(full_name="NGUYỄN VĂN A", personal_number="001000000001", relation="01"),
    )
    assert (expected,) == tuple(await scene.found())


@pytest.mark.parametrize(
    ("number", "name", "birth", "expected"),
    [
        ("099185000001", "Trần Thị Bích Đào", "1985-03-17", "TRẦN THỊ BÍCH ĐÀO"),
        ("099078000002", "đỗ đức đạt", "1978-11-02", "ĐỖ ĐỨC ĐẠT"),
        ("099095000003", "Lê Hoàng", "1995-05-20", "LÊ HOÀNG"),
        ("099199000004", "Phạm Thị Ngọc Ánh", "1999-12-31", "PHẠM THỊ NGỌC ÁNH"),
        ("099201000005", "Vũ Quốc Khánh", "2001-09-02", "VŨ QUỐC KHÁNH"),
        ("099320000010", "Đặng Minh Châu", "2020-02-29", "ĐẶNG MINH CHÂU"),
        ("099193000012", "H'Wen Êban", "1993-02-10", "H'WEN ÊBAN"),
        ("099060000026", "Ông Ích Khiêm", "1960", "ÔNG ÍCH KHIÊM"),
    ],
)
async def test_people_are_found_by_their_written_names(
    scene: Scene, number: str, name: str, birth: str, expected: str
) -> None:
    """Both sides fold names alike, and the name comes back with its marks."""
    (citizen,) = await scene.found(asked(number, name, birth))
    assert (number, expected) == (citizen.personal_number, citizen.full_name)


async def test_a_person_without_a_day_of_birth_is_found_by_the_year(scene: Scene) -> None:
    """Only Nam, in both directions."""
    (citizen,) = await scene.found(asked("099047000007", "Bùi Văn Tư", "1947"))
    assert (None, 1947) == (citizen.birth_date, citizen.birth_year)


async def test_a_person_is_found_by_the_former_number(scene: Scene) -> None:
    """Nine digits."""
    (citizen,) = await scene.found(asked("099000002", "Trần Thị Bích Đào", "1985-03-17"))
    assert ("099185000001", "099000002") == (citizen.personal_number, citizen.former_number)


async def test_old_addresses_keep_their_district(scene: Scene) -> None:
    """Registered before July 2025, moved after it."""
    (citizen,) = await scene.found(asked("099176000017", "Huỳnh Thị Kim Ngân", "1976-08-14"))
    assert citizen.permanent_residence is not None
    assert citizen.current_residence is not None
    districts = (citizen.permanent_residence.legacy_district, citizen.current_residence.legacy_district)
    assert ("999", None) == districts


async def test_two_records_of_one_number_are_both_told(scene: Scene) -> None:
    """Which of them is meant is not the adapter's to say."""
    citizens = await scene.found(asked("099181000020", "Nguyễn Thị Hương", "1981-05-05"))
    provinces = [citizen.permanent_residence and citizen.permanent_residence.province for citizen in citizens]
    assert ["38", "46"] == provinces


@pytest.mark.parametrize(
    "query",
    [
        asked("099999999999", "Nguyễn Văn A", "2000-01-31"),
        asked("001000000001", "Nguyễn Văn B", "2000-01-31"),
        asked("001000000001", "Nguyễn Văn A", "2000-01-30"),
        asked("001000000001", "Nguyễn Văn A", "1999"),
    ],
    ids=["number", "name", "day", "year"],
)
async def test_who_does_not_fit_is_nobody(scene: Scene, query: CitizenQuery) -> None:
    """The source confirms; it does not search."""
    assert not await scene.found(query)


async def test_the_platform_sees_each_lookup_once_under_the_hubs_id(tmp_path: Path) -> None:
    """MaYeuCau, MaDVC, MaCanBo and the unit as configured, and nothing asked twice."""
    changes = {
        "service_codes": {"1.001193": "G15-TP110"},
        "officers": {"canbo01": "001000000003"},
        "unit_code": "H56.14",
        "account": "hub",
        "phone": "0900000000",
    }
    async with playing(tmp_path, changes) as scene:
        await scene.found()
        rows = [(row["key"], row["data"]) async for row in scene.remote.rows()]
    seen = {"MaDVC": "G15-TP110", "MaCanBo": "001000000003", "MaDonVi": "H56.14", "TaiKhoan": "hub", "matches": 1}
    assert [(f"H56_{REQUEST_ID}", seen)] == rows


@pytest.mark.parametrize(
    ("fault", "bounds", "expected"),
    [
        ("drop_reply", {}, ReplyLost),
        ("cut_before_acting", {}, ReplyLost),
        ("truncate", {}, ReplyLost),
        ("stall", {"delay_s": 3.0}, ReplyLost),
        ("html", {}, RefusedUs),
        ("status", {"status": 403}, RefusedUs),
        ("status", {"status": 429}, NotSent),
        ("status", {"status": 500}, ReplyUnreadable),
        ("status", {"status": 503}, NotSent),
        ("soap_fault", {}, ReplyUnreadable),
        ("clock_skew", {}, RefusedUs),
    ],
)
async def test_a_failing_platform_is_judged_and_used_again(
    scene: Scene, fault: str, bounds: dict[str, object], expected: type[PlatformFault]
) -> None:
    """One lookup fails with its class; the next one is answered."""
    await scene.remote.fault(fault, count=1, **bounds)
    with pytest.raises(PlatformFault) as failed:
        await scene.found()
    assert expected is type(failed.value)
    assert 1 == len(await scene.found())


async def test_an_empty_answer_is_nobody(scene: Scene) -> None:
    """A collection without persons on command."""
    await scene.remote.fault("empty", count=1)
    assert not await scene.found()


async def test_an_outage_means_not_sent(scene: Scene) -> None:
    """A closed port; after it the source answers without a restart."""
    await scene.remote.fault("down")
    with pytest.raises(NotSent):
        await scene.found()
    await scene.remote.clear_faults()
    assert 1 == len(await scene.found())


@pytest.mark.parametrize("off_s", [-301, 301])
async def test_a_clock_that_is_off_is_refused(tmp_path: Path, off_s: int) -> None:
    """More than 300 seconds either way: the hub is refused, and nobody was looked up."""
    clock = ManualClock(SystemClock().now() + timedelta(seconds=off_s))
    async with playing(tmp_path, clock=clock) as scene:
        with pytest.raises(RefusedUs):
            await scene.found()
        assert {"clock_skew": 1} == (await scene.remote.summary())["refusals"]


@pytest.mark.parametrize(
    "wrong",
    [{"secret_key": "x"}, {"user": "x"}, {"validation_url": "https://x"}, {"api_key": "x"}, {"x_road_client": "x"}],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_wrong_account_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    """Every part of the account is looked at, and each failure is the hub's account's."""
    async with playing(tmp_path, wrong) as scene:
        with pytest.raises(RefusedUs):
            await scene.found()


async def test_a_wrong_service_is_refused_as_content(tmp_path: Path) -> None:
    """A Client fault without a word of access: the platform refuses what was asked."""
    async with playing(tmp_path, {"integration_code": "003"}) as scene:
        with pytest.raises(PlatformFault) as refused:
            await scene.found()
    assert "platform.refused" == refused.value.problem_code


async def test_many_lookups_at_once_all_return_their_own_person(scene: Scene) -> None:
    """Nobody is given the record of somebody else."""
    queries = [EXAMPLE, asked("099095000003", "Lê Hoàng", "1995-05-20"), asked("099322000028", "Mai An", "2022-10-01")]
    found = await asyncio.gather(*(scene.found(query) for query in queries * 10))
    assert [query.personal_number for query in queries * 10] == [citizen.personal_number for (citizen,) in found]
