"""Lookups: no data without a grant, a purpose and a durable audit."""

import asyncio
from typing import Any

import pytest

from hub.access import Principal
from hub.errors import (
    Forbidden,
    HubError,
    Invalid,
    NotSent,
    Overloaded,
    PlatformFault,
    RefusedUs,
    ReplyLost,
    ReplyUnreadable,
    Unavailable,
    WriteInDoubt,
)
from schemas.agency import AgencyCode
from schemas.audit import AuditEvent
from schemas.citizen import Citizen, CitizenQuery
from tests.fakes.citizens import CITIZEN, NUMBER
from tests.fakes.rest import PRINCIPAL, House, query_json

OTHER = Citizen(personal_number="001000000009", full_name="TRẦN THỊ B")
NAMESAKE = Citizen(personal_number=NUMBER, full_name="NGUYỄN VĂN A", birth_year=2000)


def query(**changes: Any) -> CitizenQuery:
    """Build the example lookup with changes."""
    return CitizenQuery.model_validate_json(query_json(**changes))


async def test_data_comes_between_two_audit_records() -> None:
    """`asked` and `answered` share the id that the source and the caller see."""
    house = House()

    answer = await house.lookup.ask(PRINCIPAL, query())

    asked, answered = house.audit.records
    assert ("one", CITIZEN, "population", "2026-11-22T01:00:00+00:00") == (
        answer.match,
        answer.citizen,
        answer.source,
        answer.asked_at,
    )
    assert [AuditEvent.ASKED, AuditEvent.ANSWERED] == [asked.event, answered.event]
    assert {answer.request_id} == {asked.request_id, answered.request_id, house.citizens.asked[0][1]}
    assert ("", "one") == (asked.result, answered.result)
    assert ("H56.14", "motcua", "canbo.mc01", "citizen.lookup", "birth-registration", "1.001193", "population") == (
        asked.agency,
        asked.system,
        asked.officer,
        asked.service,
        asked.purpose,
        asked.procedure,
        asked.source,
    )


async def test_the_audit_names_the_person_by_a_keyed_digest() -> None:
    """The same person is recognised, but neither number nor name is there."""
    house = House()
    await house.lookup.ask(PRINCIPAL, query())
    await house.lookup.ask(PRINCIPAL, query(full_name="Nguyễn Văn Á"))
    house.citizens.found = ()
    await house.lookup.ask(PRINCIPAL, query(personal_number="001000000002"))

    subjects = [record.subject for record in house.audit.records]
    written = "".join(record.model_dump_json() for record in house.audit.records)

    assert 1 == len(set(subjects[:4]))
    assert subjects[4] != subjects[0]
    assert 64 == len(subjects[0])
    assert NUMBER not in written
    assert "Nguyễn" not in written


async def test_the_audit_names_the_dossier_by_its_canonical_code() -> None:
    """Whichever spelling the caller used, an auditor finds it under one code."""
    house = House()
    await house.lookup.ask(PRINCIPAL, query(dossier_code="000.00.14.H56-261122-0001"))

    assert {"H56.14-261122-0001"} == {record.dossier_code for record in house.audit.records}


async def test_nobody_found_is_an_answer() -> None:
    """`none` without data, and audited as such."""
    house = House()
    house.citizens.found = ()

    answer = await house.lookup.ask(PRINCIPAL, query())

    assert ("none", None) == (answer.match, answer.citizen)
    assert "none" == house.audit.records[-1].result


async def test_several_matches_give_no_data() -> None:
    """Which of them is meant, the hub does not guess."""
    house = House()
    house.citizens.found = (CITIZEN, NAMESAKE, NAMESAKE)

    answer = await house.lookup.ask(PRINCIPAL, query())

    assert ("several", None) == (answer.match, answer.citizen)
    assert "several" == house.audit.records[-1].result


async def test_nobody_elses_data_leaves_the_hub() -> None:
    """A source that answers about another number is not believed."""
    house = House()
    house.citizens.found = (OTHER,)

    with pytest.raises(ReplyUnreadable):
        await house.lookup.ask(PRINCIPAL, query())

    assert "platform.unreadable" == house.audit.records[-1].result


async def test_a_person_is_found_by_the_former_number() -> None:
    """The nine digits of an old card are the former number of a new one."""
    house = House()
    house.citizens.found = (Citizen(personal_number=NUMBER, former_number="123456789", full_name="A"),)

    assert "one" == (await house.lookup.ask(PRINCIPAL, query(personal_number="123456789"))).match


@pytest.mark.parametrize(
    ("principal", "changes", "code"),
    [
        (PRINCIPAL, {"purpose": "curiosity"}, "caller.no_grant"),
        (Principal(AgencyCode.parse("H56.14"), "nobody"), {}, "caller.no_grant"),
        (PRINCIPAL, {"dossier_code": "H56.15-261122-0001"}, "caller.foreign_dossier"),
    ],
)
async def test_a_refusal_is_audited_and_the_source_not_asked(
    principal: Principal, changes: dict[str, Any], code: str
) -> None:
    """Wrong purpose, no grant, foreign dossier: `refused`, with the reason."""
    house = House()

    with pytest.raises(Forbidden):
        await house.lookup.ask(principal, query(**changes))

    assert [("refused", code)] == [(record.event, record.result) for record in house.audit.records]
    assert [] == house.citizens.asked


async def test_broken_rules_come_before_the_source() -> None:
    """An unknown procedure is not asked about."""
    house = House()

    with pytest.raises(Invalid):
        await house.lookup.ask(PRINCIPAL, query(procedure="1.999999"))

    assert [] == house.citizens.asked


@pytest.mark.parametrize("failure", [Unavailable("disk"), WriteInDoubt("fsync")])
async def test_what_cannot_be_audited_is_not_asked(failure: HubError) -> None:
    """Without a durable `asked` the source hears nothing."""
    house = House()
    house.audit.failing[AuditEvent.ASKED] = failure

    with pytest.raises(type(failure)):
        await house.lookup.ask(PRINCIPAL, query())

    assert [] == house.citizens.asked


@pytest.mark.parametrize("failure", [Unavailable("disk"), WriteInDoubt("fsync")])
async def test_what_cannot_be_audited_is_not_answered(failure: HubError) -> None:
    """Without a durable `answered` the caller gets no data, though the source gave it."""
    house = House()
    house.audit.failing[AuditEvent.ANSWERED] = failure

    with pytest.raises(type(failure)):
        await house.lookup.ask(PRINCIPAL, query())

    assert ["asked"] == house.audit.events


@pytest.mark.parametrize("fault", [NotSent("refused"), ReplyLost("cut"), ReplyUnreadable("html"), RefusedUs("401")])
async def test_a_failed_source_is_audited_with_its_code(fault: PlatformFault) -> None:
    """The question was put, so its end is told."""
    house = House()
    house.citizens.fault = fault

    with pytest.raises(type(fault)):
        await house.lookup.ask(PRINCIPAL, query())

    assert ["asked", "answered"] == house.audit.events
    assert fault.problem_code == house.audit.records[-1].result


async def test_a_source_has_a_deadline() -> None:
    """A source that does not answer in time has lost its reply."""
    house = House(deadline_s=0.01)
    house.citizens.delay_s = 30

    with pytest.raises(ReplyLost):
        await house.lookup.ask(PRINCIPAL, query())

    assert "platform.reply_lost" == house.audit.records[-1].result


async def test_lookups_under_way_are_bounded() -> None:
    """The second of one is refused, unaudited because it was allowed; the place is free again afterwards."""
    house = House(lookups_max=1)
    house.citizens.delay_s = 0.02
    first = asyncio.create_task(house.lookup.ask(PRINCIPAL, query()))
    await asyncio.sleep(0.005)

    with pytest.raises(Overloaded):
        await house.lookup.ask(PRINCIPAL, query())
    await first

    assert "one" == (await house.lookup.ask(PRINCIPAL, query())).match
    assert ["asked", "answered"] * 2 == house.audit.events


async def test_results_are_counted() -> None:
    """By platform and result."""
    house = House()
    await house.lookup.ask(PRINCIPAL, query())
    with pytest.raises(Forbidden):
        await house.lookup.ask(PRINCIPAL, query(purpose="curiosity"))

    page = house.metrics.render()[0].decode()

    assert 'hub_lookups_total{platform="population",result="one"} 1.0' in page
    assert 'hub_lookups_total{platform="population",result="refused"} 1.0' in page
