"""Acceptance: a receipt only for what is durable, one message per key, appends in the order of reservations."""

import asyncio
import json
import unicodedata

import pytest

from hub.access import Principal
from hub.errors import Conflict, Forbidden, HubError, Invalid, Overloaded, Unavailable, WriteInDoubt
from hub.ports import Projected, ProjectedBatch, Record
from hub.sealing import unseal
from schemas.agency import AgencyCode
from schemas.delivery import CommandHeader
from schemas.envelope import Envelope
from schemas.withdrawal import Withdrawal, WithdrawalReason
from tests.fakes.rest import PRINCIPAL, SYNC, House, submission

COMMANDS = "hub.commands"
CODE = "H56.14-261122-0001"
OLD_SPELLING = "000.00.14.H56-261122-0001"


def header(record: Record) -> CommandHeader:
    """Read the clear header of a command."""
    return CommandHeader.model_validate_json(Envelope.from_bytes(record.value).header)


async def body(house: House, record: Record) -> dict[str, object]:
    """Open the sealed body of a command."""
    opened = unseal(Envelope.from_bytes(record.value), await house.keys.key(header(record).key_id))
    read: dict[str, object] = json.loads(opened)
    return read


async def seen_in_log(house: House) -> None:
    """Let the inbox learn what the log holds."""
    records = [Projected(record, command=header(record)) for record in await house.log.records(COMMANDS)]
    await house.inbox.apply(COMMANDS, {0: ProjectedBatch(records, 0)})


async def test_an_accepted_message_is_in_the_log_sealed_under_a_clear_header() -> None:
    """The header carries ids and the list of deliveries; the body only opens with the dossier's key."""
    house = House()

    receipt = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    (record,) = await house.log.records(COMMANDS)
    assert CODE.encode() == record.key
    assert (receipt.message_id, CODE, "H56.14", "motcua", 1, "dossier", (SYNC,), False) == (
        (read := header(record)).message_id,
        read.ordering_key,
        read.sender_agency,
        read.sender_system,
        read.revision,
        read.kind,
        read.deliveries,
        read.reappended,
    )
    assert house.clock.now() == read.received_at == receipt.accepted_at
    assert f"/v1/messages/{receipt.message_id}" == receipt.follow
    assert "Đăng ký khai sinh" == (await body(house, record))["summary"]
    assert "Nguyễn".encode() not in record.value
    assert b"001000000001" not in record.value


async def test_a_repeat_before_the_log_was_seen_appends_again_under_the_same_id() -> None:
    """The inbox cannot know whether the first append happened; lanes recognise the second."""
    house = House()
    first = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    again = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    records = await house.log.records(COMMANDS)
    assert first == again
    assert [(first.message_id, False), (first.message_id, True)] == [
        (header(record).message_id, header(record).reappended) for record in records
    ]


async def test_a_repeat_of_what_the_log_holds_appends_nothing() -> None:
    """It gets the same receipt."""
    house = House()
    first = await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    await seen_in_log(house)
    await house.clock.advance(60)

    again = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    assert first == again
    assert 1 == len(await house.log.records(COMMANDS))


async def test_a_repeat_may_be_written_differently() -> None:
    """Defaults spelled out and decomposed letters make no other body."""
    house = House()
    first = await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    decomposed = unicodedata.normalize("NFD", "Đăng ký khai sinh")

    again = await house.acceptance.accept(PRINCIPAL, submission(note="", fees=[], summary=decomposed), "k1")

    assert first == again


@pytest.mark.parametrize("seen", [False, True])
async def test_a_key_stands_for_one_body(*, seen: bool) -> None:
    """Another body under the key is a conflict, whether or not the log was seen."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    if seen:
        await seen_in_log(house)

    with pytest.raises(Conflict) as refused:
        await house.acceptance.accept(PRINCIPAL, submission(summary="Khác"), "k1")

    assert "caller.key_reused" == refused.value.problem_code
    assert 1 == len(await house.log.records(COMMANDS))


async def test_keys_belong_to_their_sender() -> None:
    """Two systems may choose the same key."""
    house = House()
    province = Principal(AgencyCode.parse("H56"), "province")

    one = await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    other = await house.acceptance.accept(province, submission(revision=2), "k1")

    assert one.message_id != other.message_id


@pytest.mark.parametrize("revision", [4, 5])
async def test_a_revision_never_goes_back(revision: int) -> None:
    """Under another key, the same or a lower revision is a conflict."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(revision=5), "k1")

    with pytest.raises(Conflict) as refused:
        await house.acceptance.accept(PRINCIPAL, submission(revision=revision), "k2")

    assert "caller.revision_backwards" == refused.value.problem_code
    assert 1 == len(await house.log.records(COMMANDS))


async def test_platforms_see_the_spelling_that_came_first() -> None:
    """A later message in the other spelling is sealed, and answered, under the first one; the order is one."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(code=OLD_SPELLING), "k1")

    receipt = await house.acceptance.accept(PRINCIPAL, submission(code=CODE, revision=2), "k2")

    records = await house.log.records(COMMANDS)
    assert OLD_SPELLING == receipt.dossier_code
    assert [OLD_SPELLING, OLD_SPELLING] == [(await body(house, record))["code"] for record in records]
    assert {CODE.encode()} == {record.key for record in records}


async def test_both_messages_of_a_dossier_are_sealed_with_one_key() -> None:
    """The key is the dossier's, so that deleting it erases the whole dossier."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    await house.acceptance.accept(PRINCIPAL, submission(code=OLD_SPELLING, revision=2), "k2")

    assert 1 == len({header(record).key_id for record in await house.log.records(COMMANDS)})


async def test_concurrent_repeats_join_the_first() -> None:
    """Forty equal requests at once make one record and get one receipt."""
    house = House()

    receipts = await asyncio.gather(*(house.acceptance.accept(PRINCIPAL, submission(), "k1") for _ in range(40)))

    assert 1 == len({receipt.message_id for receipt in receipts})
    assert 1 == len(await house.log.records(COMMANDS))


async def test_another_body_does_not_join() -> None:
    """While a request is under way, another body under its key is a conflict at once."""
    house = House()
    house.log.open.clear()
    first = asyncio.create_task(house.acceptance.accept(PRINCIPAL, submission(), "k1"))
    await asyncio.sleep(0)

    with pytest.raises(Conflict):
        await house.acceptance.accept(PRINCIPAL, submission(summary="Khác"), "k1")

    house.log.open.set()
    assert 1 == (await first).revision


async def test_who_leaves_takes_nobody_along() -> None:
    """When the first caller goes away, those who joined still get their receipt."""
    house = House()
    house.log.open.clear()
    first = asyncio.create_task(house.acceptance.accept(PRINCIPAL, submission(), "k1"))
    joined = asyncio.create_task(house.acceptance.accept(PRINCIPAL, submission(), "k1"))
    await asyncio.sleep(0.01)

    first.cancel()
    await asyncio.sleep(0.01)
    house.log.open.set()

    assert 1 == (await joined).revision
    assert first.cancelled()


async def test_what_was_begun_is_finished_before_the_hub_stops() -> None:
    """`drain` waits for a request whose caller has gone."""
    house = House()
    house.log.open.clear()
    gone = asyncio.create_task(house.acceptance.accept(PRINCIPAL, submission(), "k1"))
    await asyncio.sleep(0.01)
    gone.cancel()
    draining = asyncio.create_task(house.acceptance.drain())
    await asyncio.sleep(0.01)
    assert not draining.done()

    house.log.open.set()
    await draining

    assert 1 == len(await house.log.records(COMMANDS))


async def test_a_dossier_is_appended_in_the_order_of_its_reservations() -> None:
    """Revision 2 is not reserved while revision 1 is between reservation and append; other dossiers go on."""
    house = House()
    house.log.open.clear()
    accept = house.acceptance.accept
    tasks = [asyncio.create_task(accept(PRINCIPAL, submission(revision=n), f"k{n}")) for n in (1, 2, 3)]
    tasks.append(asyncio.create_task(accept(PRINCIPAL, submission(code="H56.14-261122-0002"), "k4")))
    await asyncio.sleep(0.01)

    reserved_meanwhile = set(house.inbox._known)
    house.log.open.set()
    await asyncio.gather(*tasks)

    records = [header(record) for record in await house.log.records(COMMANDS)]
    assert {("H56.14/motcua", "k1"), ("H56.14/motcua", "k4")} == reserved_meanwhile
    assert [1, 2, 3] == [read.revision for read in records if read.ordering_key == CODE]
    assert 0 == len(house.acceptance._turns)


@pytest.mark.parametrize(
    "failure", [Unavailable("disk"), Unavailable("full", code="hub.disk_full"), WriteInDoubt("fsync")]
)
async def test_without_an_append_there_is_no_receipt_and_a_repeat_works(failure: HubError) -> None:
    """The error passes to the caller; the same key then makes the one message, marked as appended again."""
    house = House()
    house.log.before.append(failure)

    with pytest.raises(type(failure)) as refused:
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    receipt = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    (record,) = await house.log.records(COMMANDS)
    assert refused.value.problem_code == failure.problem_code
    assert (receipt.message_id, True) == (header(record).message_id, header(record).reappended)


async def test_what_was_never_appended_is_not_appended_behind_a_newer_revision() -> None:
    """The first revision failed and the second went through: a late repeat of the first would turn the order round."""
    house = House()
    house.log.before.append(Unavailable("disk"))
    with pytest.raises(Unavailable):
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    await house.acceptance.accept(PRINCIPAL, submission(revision=2), "k2")

    with pytest.raises(Conflict) as refused:
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    assert refused.value.problem_code == "caller.revision_backwards"
    assert [2] == [header(record).revision for record in await house.log.records(COMMANDS)]


async def test_a_repeat_of_an_overtaken_message_that_is_in_the_log_gets_its_receipt() -> None:
    """The read models may lag behind; what this process has appended it knows by itself."""
    house = House()
    first = await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    await house.acceptance.accept(PRINCIPAL, submission(revision=2), "k2")

    assert first == await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    assert [1, 2] == [header(record).revision for record in await house.log.records(COMMANDS)]


async def test_a_doubtful_append_is_repeated_under_the_same_id() -> None:
    """The record may be there twice, never under two ids."""
    house = House()
    house.log.after.append(WriteInDoubt("cut"))

    with pytest.raises(WriteInDoubt):
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    receipt = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    records = await house.log.records(COMMANDS)
    assert [receipt.message_id] * 2 == [header(record).message_id for record in records]


async def test_a_failure_reaches_everybody_who_joined() -> None:
    """Nobody waits for ever, and nobody gets a receipt."""
    house = House()
    house.log.open.clear()
    house.log.before.append(Unavailable("disk"))
    tasks = [asyncio.create_task(house.acceptance.accept(PRINCIPAL, submission(), "k1")) for _ in range(3)]
    await asyncio.sleep(0.01)
    house.log.open.set()

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [Unavailable] * 3 == [type(result) for result in results]


async def test_without_room_nothing_is_reserved() -> None:
    """Admission stands before the inbox."""
    house = House()
    house.admission.append(Unavailable("full", code="hub.disk_full"))

    with pytest.raises(Unavailable):
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    assert {} == house.inbox._known


async def test_requests_under_way_are_bounded() -> None:
    """The third of two is refused with a time to wait; a repeat of one under way still joins."""
    house = House(requests_max=2)
    house.log.open.clear()
    accept = house.acceptance.accept
    tasks = [asyncio.create_task(accept(PRINCIPAL, submission(code=f"H56.14-261122-000{n}"), f"k{n}")) for n in (1, 2)]
    await asyncio.sleep(0.01)

    with pytest.raises(Overloaded) as refused:
        await accept(PRINCIPAL, submission(code="H56.14-261122-0003"), "k3")
    tasks.append(asyncio.create_task(accept(PRINCIPAL, submission(code="H56.14-261122-0001"), "k1")))
    await asyncio.sleep(0.01)
    house.log.open.set()
    receipts = await asyncio.gather(*tasks)

    assert 1 == refused.value.retry_after_s
    assert receipts[0] == receipts[2]


async def test_a_foreign_dossier_is_forbidden_before_anything_is_written() -> None:
    """The system of H56.14 may not speak for H56.15."""
    house = House()

    with pytest.raises(Forbidden) as refused:
        await house.acceptance.accept(PRINCIPAL, submission(code="H56.15-261122-0001"), "k1")

    assert "caller.foreign_dossier" == refused.value.problem_code
    assert {} == house.inbox._known


async def test_without_a_grant_it_is_forbidden() -> None:
    """The system `nobody` has a key and no grant."""
    with pytest.raises(Forbidden) as refused:
        await House().acceptance.accept(Principal(AgencyCode.parse("H56.14"), "nobody"), submission(), "k1")

    assert "caller.no_grant" == refused.value.problem_code


async def test_broken_rules_are_refused_before_anything_is_written() -> None:
    """An unknown procedure leaves no reservation."""
    house = House()

    with pytest.raises(Invalid) as refused:
        await house.acceptance.accept(PRINCIPAL, submission(procedure="1.999999"), "k1")

    assert [("procedure", "unknown_procedure")] == [(rule.path, rule.rule) for rule in refused.value.broken]
    assert {} == house.inbox._known


async def test_accepted_messages_are_counted_by_agency() -> None:
    """One count per append, none per refusal."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    with pytest.raises(Conflict):
        await house.acceptance.accept(PRINCIPAL, submission(), "k2")

    page = house.metrics.render()[0].decode()

    assert 'hub_accepted_total{agency="H56.14"} 1.0' in page
    assert "hub_accept_seconds_count 1.0" in page
    assert "hub_append_seconds_count 1.0" in page


# --- withdrawals -----------------------------------------------------------------------------------------------------

WITHDRAWAL = Withdrawal(revision=2, reason=WithdrawalReason.APPLICANT_REQUEST)


async def test_a_withdrawal_is_a_command_behind_what_it_withdraws() -> None:
    """It owes nothing to any platform, and its receipt says what it does not undo, in both languages."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    receipt = await house.acceptance.withdraw(PRINCIPAL, OLD_SPELLING, WITHDRAWAL, "k2")

    records = await house.log.records(COMMANDS)
    read = header(records[1])
    assert [CODE.encode()] * 2 == [record.key for record in records]
    assert ("withdrawal", receipt.message_id, CODE, 2, ()) == (
        read.kind,
        read.message_id,
        read.ordering_key,
        read.revision,
        read.deliveries,
    )
    assert {"revision": 2, "reason": "applicant_request"} == await body(house, records[1])
    assert (CODE, 2) == (receipt.dossier_code, receipt.revision)
    assert "không thu hồi được" in receipt.remains_vi
    assert "not undone" in receipt.remains_en


async def test_a_repeated_withdrawal_gets_the_same_receipt() -> None:
    """Before the log was seen it is appended again under its id, afterwards not."""
    house = House()
    first = await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL, "k1")
    again = await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL, "k1")
    await seen_in_log(house)
    later = await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL, "k1")

    assert [first] * 2 == [again, later]
    assert [False, True] == [header(record).reappended for record in await house.log.records(COMMANDS)]


async def test_a_withdrawal_takes_its_place_among_the_revisions() -> None:
    """One that is not higher than the last state is refused, and so is a state that is not higher than it."""
    house = House()
    await house.acceptance.accept(PRINCIPAL, submission(revision=2), "k1")
    with pytest.raises(Conflict):
        await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL, "k2")
    await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL.model_copy(update={"revision": 3}), "k3")
    with pytest.raises(Conflict):
        await house.acceptance.accept(PRINCIPAL, submission(revision=3), "k4")

    await house.acceptance.accept(PRINCIPAL, submission(revision=4), "k5")
    assert [2, 3, 4] == [header(record).revision for record in await house.log.records(COMMANDS)]


async def test_a_key_stands_for_one_dossier() -> None:
    """The same words about another dossier are another request, and so is a state under the key of a withdrawal."""
    house = House()
    await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL, "k1")

    with pytest.raises(Conflict) as refused:
        await house.acceptance.withdraw(PRINCIPAL, "H56.14-261122-0002", WITHDRAWAL, "k1")
    assert "caller.key_reused" == refused.value.problem_code
    with pytest.raises(Conflict):
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")


@pytest.mark.parametrize(
    ("code", "expected"),
    [("H56.15-261122-0001", Forbidden), ("nonsense", Invalid), ("H56.14.7-261122-0001", Invalid)],
)
async def test_only_ones_own_dossiers_are_withdrawn(code: str, expected: type[HubError]) -> None:
    """Another agency's dossier, no code at all, an agency that the hub does not serve."""
    house = House()

    with pytest.raises(expected):
        await house.acceptance.withdraw(PRINCIPAL, code, WITHDRAWAL, "k1")

    assert [] == await house.log.records(COMMANDS)


async def test_a_withdrawal_needs_the_grant_of_a_submission() -> None:
    """Who may not submit may not withdraw."""
    with pytest.raises(Forbidden):
        await House().acceptance.withdraw(Principal(PRINCIPAL.agency, "nobody"), CODE, WITHDRAWAL, "k1")


async def test_a_backlog_keeps_submissions_out_and_lets_withdrawals_in() -> None:
    """What makes it smaller is always welcome; nothing is reserved for what is refused."""
    house = House()
    house.full = {SYNC.platform}

    with pytest.raises(Overloaded):
        await house.acceptance.accept(PRINCIPAL, submission(), "k1")
    await house.acceptance.withdraw(PRINCIPAL, CODE, WITHDRAWAL, "k2")

    house.full = set()
    await house.acceptance.accept(PRINCIPAL, submission(revision=3), "k1")
