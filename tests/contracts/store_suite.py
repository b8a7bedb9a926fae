"""What every store promises, whatever it is made of.

A test module subclasses a contract and overrides its fixtures (`inbox`, `parking`, `projection`, `read_models`,
`keys`, `database`, `reopen`). Fakes run the contracts of the ports that they stand for; what stands for the ledger
only needs `projection`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection, insert, select

from hub.errors import HubFault, StaleOwner, Unavailable, Unsealable
from hub.ports import (
    DeliveryId,
    Farewell,
    Inbox,
    Keys,
    LaneKey,
    ParkedRow,
    Parking,
    Projected,
    ProjectedBatch,
    Projection,
    ReadModels,
    Record,
    Reservation,
    ReservationState,
)
from hub.store import tables
from hub.store.database import Database, Result, Unit
from hub.store.keys import SqlKeys
from schemas.audit import AuditEvent, AuditRecord
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, PlannedDelivery, Step
from schemas.envelope import Envelope
from schemas.timeline import PlatformCount

T0 = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DOSSIER = "H56.14-261122-0001"
GIVEN = "000.00.14.H56-261122-0001"
PORTAL = "national_portal"
SYNC = "national_portal.dossier_sync"
PROGRESS = "national_portal.dossier_progress"
COMMANDS = "hub.commands"
OUTCOMES = "hub.outcomes"
AUDIT = "hub.audit"
ONE_SYNC = (PlannedDelivery(operation=SYNC, platform=PORTAL),)


# --- test data -------------------------------------------------------------------------------------------------------


def reservation(key: str = "k1", **changes: Any) -> Reservation:
    """Build a request to be the one message of a key."""
    made = Reservation("mot-cua", key, b"f" * 32, f"m-{key}", DOSSIER, GIVEN, 1, T0)
    return replace(made, **changes)


def command(
    offset: int,
    message_id: str = "m1",
    *,
    partition: int = 0,
    ordering_key: str = DOSSIER,
    revision: int = 1,
    deliveries: tuple[PlannedDelivery, ...] = ONE_SYNC,
    reappended: bool = False,
    code_as_given: str = "",
) -> Projected:
    """Build a record of `hub.commands`."""
    header = CommandHeader(
        code_as_given=code_as_given,
        kind="dossier",
        message_id=message_id,
        ordering_key=ordering_key,
        sender_agency="H56.14",
        sender_system="mot-cua",
        revision=revision,
        received_at=T0,
        key_id="",
        deliveries=deliveries,
        reappended=reappended,
    )
    return Projected(_record(COMMANDS, partition, offset, header.model_dump_json().encode()), command=header)


def outcome(
    offset: int,
    message_id: str = "m1",
    *,
    partition: int = 0,
    operation: str = SYNC,
    part: int = 0,
    attempt: int = 1,
    step: Step = Step.SEND,
    state: DeliveryState = DeliveryState.DELIVERED,
    outcome_class: OutcomeClass | None = OutcomeClass.DELIVERED,
    code: str = "0",
    said: bytes = b"",
    source_offset: int = 0,
    next_try_at: datetime | None = None,
    possibly_doubled: bool = False,
    platform: str = PORTAL,
    ruling: str = "",
) -> Projected:
    """Build a record of `hub.outcomes`; it ended `offset` minutes after T0."""
    header = OutcomeHeader(
        message_id=message_id,
        ordering_key=DOSSIER,
        operation=operation,
        platform=platform,
        part=part,
        key_id="",
        source_partition=partition,
        source_offset=source_offset,
        attempt=attempt,
        step=step,
        state=state,
        outcome_class=outcome_class,
        code=code,
        started_at=T0,
        finished_at=T0 + timedelta(minutes=offset),
        next_try_at=next_try_at,
        possibly_doubled=possibly_doubled,
        ruling=ruling,
    )
    return Projected(_record(OUTCOMES, partition, offset, header.model_dump_json().encode(), said), outcome=header)


def parked(
    offset: int, message_id: str = "m1", *, state: DeliveryState = DeliveryState.PARKED, **changes: Any
) -> ParkedRow:
    """Build a row of the parking place in partition 0."""
    made = ParkedRow(
        id=DeliveryId(message_id, SYNC, 0),
        lane=LaneKey(DOSSIER, PORTAL),
        partition=0,
        offset=offset,
        index=0,
        state=state,
        attempts=1,
        due_at=T0,
        envelope=b"envelope",
    )
    return replace(made, **changes)


def _record(topic: str, partition: int, offset: int, header: bytes, body: bytes = b"") -> Record:
    return Record(topic, partition, offset, T0, DOSSIER.encode(), Envelope(header, body).to_bytes())


async def opened(envelope: bytes) -> str:
    """Return the body of an envelope that the builders left open; one that says b"erased" cannot be unsealed."""
    body = Envelope.from_bytes(envelope).body
    if body == b"erased":
        raise Unsealable("no key")
    return body.decode()


async def project(projection: Projection, *records: Projected) -> None:
    """Apply records of one topic and partition as one batch."""
    last = records[-1].record
    await projection.apply(last.topic, {last.partition: ProjectedBatch(records, last.offset + 1)})


# --- inbox -----------------------------------------------------------------------------------------------------------


class InboxContract:
    """Fixtures: `inbox`; `projection`, through which it learns what the log holds."""

    async def test_new(self, inbox: Inbox) -> None:
        """A first request is new, under its own id and time."""
        answer = await inbox.reserve(reservation())

        assert (ReservationState.NEW, "m-k1", T0, GIVEN) == (
            answer.state,
            answer.message_id,
            answer.received_at,
            answer.code_as_given,
        )

    async def test_repeat(self, inbox: Inbox) -> None:
        """A repeat gets the id and the time of the first request."""
        await inbox.reserve(reservation())

        answer = await inbox.reserve(reservation(message_id="m-other", received_at=T0 + timedelta(hours=1)))

        assert (ReservationState.RESERVED, "m-k1", T0) == (answer.state, answer.message_id, answer.received_at)

    async def test_overtaken(self, inbox: Inbox) -> None:
        """A request that never reached the log must not be appended behind a newer revision of its dossier."""
        await inbox.reserve(reservation("k1"))
        await inbox.reserve(reservation("k2", revision=2))

        answer = await inbox.reserve(reservation("k1", message_id="m-other"))

        assert (ReservationState.OVERTAKEN, "m-k1") == (answer.state, answer.message_id)

    async def test_first_spelling_comes_back_from_the_log(self, inbox: Inbox, projection: Projection) -> None:
        """A store that is built again knows under which spelling the platforms know the dossier."""
        await project(projection, command(0, "m-lost", code_as_given=GIVEN))

        answer = await inbox.reserve(reservation("k2", revision=2, code_as_given=DOSSIER))

        assert (ReservationState.NEW, GIVEN) == (answer.state, answer.code_as_given)

    async def test_accepted(self, inbox: Inbox, projection: Projection) -> None:
        """Once the message was seen in the log, a repeat finds it accepted."""
        await inbox.reserve(reservation())
        await project(projection, command(0, "m-k1"))

        answer = await inbox.reserve(reservation(message_id="m-other"))

        assert (ReservationState.ACCEPTED, "m-k1", T0, GIVEN) == (
            answer.state,
            answer.message_id,
            answer.received_at,
            answer.code_as_given,
        )

    async def test_other_body(self, inbox: Inbox) -> None:
        """A key that comes back with another body is refused, even when that body is of another dossier."""
        await inbox.reserve(reservation())

        answer = await inbox.reserve(reservation(fingerprint=b"g" * 32, ordering_key="H56.14-261122-0002", revision=9))

        assert ReservationState.OTHER_BODY == answer.state

    async def test_other_body_reserves_nothing(self, inbox: Inbox) -> None:
        """A refused request leaves no trace: the dossier that it named is free."""
        await inbox.reserve(reservation())
        await inbox.reserve(reservation(fingerprint=b"g" * 32, ordering_key="H56.14-261122-0002"))

        answer = await inbox.reserve(reservation("k2", ordering_key="H56.14-261122-0002"))

        assert ReservationState.NEW == answer.state

    @pytest.mark.parametrize(("revision", "state"), [(4, "revision_backwards"), (5, "revision_backwards"), (6, "new")])
    async def test_revisions_rise(self, inbox: Inbox, revision: int, state: str) -> None:
        """After revision 5, under another key, only a higher one is new."""
        await inbox.reserve(reservation(revision=5))

        answer = await inbox.reserve(reservation("k2", revision=revision))

        assert state == answer.state

    async def test_keys_belong_to_senders(self, inbox: Inbox) -> None:
        """Two senders may use the same key."""
        await inbox.reserve(reservation())

        answer = await inbox.reserve(
            reservation(sender="so-tu-phap", message_id="m2", ordering_key="H56.15-261122-0001")
        )

        assert (ReservationState.NEW, "m2") == (answer.state, answer.message_id)

    async def test_crossed_keys(self, inbox: Inbox) -> None:
        """Senders and keys that are asked together are not mixed up."""
        await inbox.reserve(reservation("k1", sender="a", message_id="a1", ordering_key="d1"))
        await inbox.reserve(reservation("k2", sender="b", message_id="b2", ordering_key="d2"))

        answers = await asyncio.gather(
            inbox.reserve(reservation("k2", sender="a", message_id="a2", ordering_key="d3")),
            inbox.reserve(reservation("k1", sender="b", message_id="b1", ordering_key="d4")),
        )

        assert [("new", "a2"), ("new", "b1")] == [(answer.state, answer.message_id) for answer in answers]

    async def test_first_spelling(self, inbox: Inbox) -> None:
        """The spelling under which a dossier first came in stays."""
        await inbox.reserve(reservation())

        answer = await inbox.reserve(reservation("k2", revision=2, code_as_given=DOSSIER))

        assert (ReservationState.NEW, GIVEN) == (answer.state, answer.code_as_given)

    async def test_one_wins(self, inbox: Inbox) -> None:
        """Of many equal requests at the same time one is new, and all get its id."""
        answers = await asyncio.gather(*(inbox.reserve(reservation(message_id=f"m{n}")) for n in range(40)))

        assert ["new"] + ["reserved"] * 39 == sorted(answer.state for answer in answers)
        assert 1 == len({answer.message_id for answer in answers})

    async def test_one_revision_wins(self, inbox: Inbox) -> None:
        """Of many keys with the same revision of one dossier at the same time one is new."""
        answers = await asyncio.gather(*(inbox.reserve(reservation(f"k{n}")) for n in range(40)))

        assert ["new"] + ["revision_backwards"] * 39 == sorted(answer.state for answer in answers)

    async def test_revisions_in_one_breath(self, inbox: Inbox) -> None:
        """Requests asked one after the other without waiting are answered in that order."""
        answers = await asyncio.gather(*(inbox.reserve(reservation(f"k{n}", revision=n)) for n in (1, 3, 2, 4)))

        assert ["new", "new", "revision_backwards", "new"] == [answer.state for answer in answers]

    async def test_head_from_log(self, inbox: Inbox, projection: Projection) -> None:
        """A dossier that only the log knows has its highest revision from there."""
        await project(projection, command(0, "m1", revision=7), command(1, "m2", revision=3))

        answers = [await inbox.reserve(reservation(f"k{n}", revision=n)) for n in (7, 8)]

        assert ["revision_backwards", "new"] == [answer.state for answer in answers]

    async def test_log_lowers_no_head(self, inbox: Inbox, projection: Projection) -> None:
        """A lower revision that is seen in the log late does not lower the head."""
        await inbox.reserve(reservation(revision=5))
        await project(projection, command(0, "m1", revision=2))

        answer = await inbox.reserve(reservation("k2", revision=3))

        assert (ReservationState.REVISION_BACKWARDS, GIVEN) == (answer.state, answer.code_as_given)


# --- parking ---------------------------------------------------------------------------------------------------------


class ParkingContract:
    """Fixtures: `parking`; `projection`, which feeds the ledger that it consults."""

    async def test_epochs_rise(self, parking: Parking) -> None:
        """Each taking over raises the epoch of its own partition only."""
        epochs = [(await parking.take_over(partition, 0)).epoch for partition in (0, 0, 1, 0)]

        assert [1, 2, 1, 3] == epochs

    async def test_fetch(self, parking: Parking) -> None:
        """What was put comes back whole."""
        epoch = (await parking.take_over(0, 0)).epoch
        row = parked(7, attempts=3, index=2, due_at=T0 + timedelta(microseconds=1), code="E7", envelope=b"\x00\xff")
        await parking.put(0, epoch, [row])

        assert [row] == list(await parking.fetch(0, row.lane, 10))

    async def test_lane_order(self, parking: Parking) -> None:
        """A lane comes in the order of acceptance, whatever order it was put in, and no longer than asked."""
        epoch = (await parking.take_over(0, 0)).epoch
        rows = [parked(offset, f"m{offset}-{index}", index=index) for offset, index in [(10, 1), (9, 0), (10, 0)]]
        await parking.put(0, epoch, rows)

        assert ["m9-0", "m10-0", "m10-1"] == [row.id.message_id for row in await parking.fetch(0, rows[0].lane, 10)]
        assert ["m9-0", "m10-0"] == [row.id.message_id for row in await parking.fetch(0, rows[0].lane, 2)]

    async def test_lanes_apart(self, parking: Parking) -> None:
        """A lane holds nothing of another dossier or platform."""
        epoch = (await parking.take_over(0, 0)).epoch
        other_dossier = parked(1, "m2", lane=LaneKey("H56.14-261122-0002", PORTAL))
        other_platform = parked(2, "m3", lane=LaneKey(DOSSIER, "post"))
        await parking.put(0, epoch, [parked(0), other_dossier, other_platform])

        assert [parked(0)] == list(await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10))

    async def test_overwrite(self, parking: Parking) -> None:
        """Putting a row again overwrites it."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(0)])
        await parking.put(0, epoch, [parked(0, attempts=2, state=DeliveryState.IN_FLIGHT)])

        rows = await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10)

        assert [(2, DeliveryState.IN_FLIGHT)] == [(row.attempts, row.state) for row in rows]

    async def test_find(self, parking: Parking) -> None:
        """Named rows come whole and in lane order; tombstones, strangers and other partitions' rows do not."""
        epoch = (await parking.take_over(0, 0)).epoch
        rows = [parked(2, "m1"), parked(1, "m2"), parked(3, "m3"), parked(4, "m4")]
        await parking.put(0, epoch, rows)
        await parking.settle(0, epoch, [DeliveryId("m3", SYNC, 0)])
        named = [DeliveryId(message_id, SYNC, 0) for message_id in ("m1", "m2", "m3", "m5")]

        assert [rows[1], rows[0]] == list(await parking.find(0, [*named, DeliveryId("m4", SYNC, 1)]))
        assert [] == list(await parking.find(1, named))

    async def test_settle(self, parking: Parking) -> None:
        """A settled row is gone from its lane, and its delivery is remembered as settled."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(0), parked(1, "m2")])
        await parking.settle(0, epoch, [DeliveryId("m1", SYNC, 0), DeliveryId("unknown", SYNC, 0)])

        memory = await parking.take_over(0, 0)

        assert [parked(1, "m2")] == list(await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10))
        assert {DeliveryId("m1", SYNC, 0)} == memory.settled
        assert (parked(1, "m2", envelope=b""),) == memory.rows

    async def test_settle_names_one(self, parking: Parking) -> None:
        """Another part or operation of the same message stays."""
        epoch = (await parking.take_over(0, 0)).epoch
        ids = [DeliveryId("m1", SYNC, 0), DeliveryId("m1", PROGRESS, 0), DeliveryId("m1", PROGRESS, 1)]
        await parking.put(0, epoch, [parked(0, id=each, index=index) for index, each in enumerate(ids)])
        await parking.settle(0, epoch, [ids[1]])

        assert [ids[0], ids[2]] == [row.id for row in await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10)]

    async def test_sweep(self, parking: Parking) -> None:
        """Tombstones below the committed offset go; other tombstones, and rows, stay."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(0, "below"), parked(1, "waits"), parked(5, "at"), parked(6, "past")])
        await parking.settle(0, epoch, [DeliveryId(name, SYNC, 0) for name in ("below", "at", "past")])
        await parking.sweep(0, epoch, 5)

        memory = await parking.take_over(0, 0)

        assert {DeliveryId("at", SYNC, 0), DeliveryId("past", SYNC, 0)} == memory.settled
        assert [DeliveryId("waits", SYNC, 0)] == [row.id for row in memory.rows]

    async def test_stale_owner(self, parking: Parking) -> None:
        """After a taking over every write of the earlier owner is refused and changes nothing."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(0)])
        await parking.take_over(0, 0)

        with pytest.raises(StaleOwner):
            await parking.put(0, epoch, [parked(0, attempts=9), parked(1, "m2")])
        with pytest.raises(StaleOwner):
            await parking.settle(0, epoch, [DeliveryId("m1", SYNC, 0)])
        with pytest.raises(StaleOwner):
            await parking.sweep(0, epoch, 100)
        assert [parked(0)] == list(await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10))

    @pytest.mark.parametrize("epoch", [0, 2])
    async def test_no_owner(self, parking: Parking, epoch: int) -> None:
        """An epoch that was never given is refused, also where nobody took over yet."""
        await parking.take_over(0, 0)

        for partition in (0, 1):
            with pytest.raises(StaleOwner):
                await parking.put(partition, epoch, [])

    async def test_stale_owner_harms_nobody(self, parking: Parking) -> None:
        """A refused write and a good one at the same time: the good one stays."""
        stale = (await parking.take_over(0, 0)).epoch
        epoch = (await parking.take_over(0, 0)).epoch

        writes = [parking.put(0, stale if n % 2 else epoch, [parked(n, f"m{n}")]) for n in range(10)]
        results = await asyncio.gather(*writes, return_exceptions=True)

        assert [n % 2 == 1 for n in range(10)] == [isinstance(result, StaleOwner) for result in results]
        rows = await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 100)
        assert ["m0", "m2", "m4", "m6", "m8"] == [row.id.message_id for row in rows]

    async def test_farewell(self, parking: Parking) -> None:
        """What an owner says of each of its partitions is told to the next owner, once."""
        here, there = await parking.take_over(0, 0), await parking.take_over(1, 0)
        said = [Farewell(0, 1, here.token, 7, 9), Farewell(1, 1, there.token, 2**40, 0)]
        await parking.leave(said)

        told = [(await parking.take_over(partition, 0)).farewell for partition in (0, 1, 0, 2)]

        assert [*said, None, None] == told

    async def test_last_farewell(self, parking: Parking) -> None:
        """Said again, the last word counts."""
        token = (await parking.take_over(0, 0)).token
        await parking.leave([Farewell(0, 1, token, 7, 9)])
        await parking.leave([Farewell(0, 1, token, 8, 11)])

        assert Farewell(0, 1, token, 8, 11) == (await parking.take_over(0, 0)).farewell

    async def test_strangers_farewell(self, parking: Parking) -> None:
        """Nobody is told what somebody said who was not the owner any more, or never was."""
        first = await parking.take_over(0, 0)
        second = await parking.take_over(0, 0)
        for epoch, token in [(1, first.token), (2, first.token), (1, second.token), (2, "")]:
            await parking.leave([Farewell(0, epoch, token, 7, 9)])
        await parking.leave([Farewell(1, 1, first.token, 7, 9)])

        assert [None, None] == [(await parking.take_over(partition, 0)).farewell for partition in (0, 1)]

    async def test_tokens(self, parking: Parking) -> None:
        """No two takings over are named alike."""
        assert 20 == len({(await parking.take_over(number % 2, 0)).token for number in range(20)} - {""})

    async def test_settled_in_ledger(self, parking: Parking, projection: Projection) -> None:
        """A delivery that is final in the ledger is settled, if its record lies at or past the committed offset."""
        states = [DeliveryState.DELIVERED, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN, DeliveryState.PARKED]
        await project(
            projection,
            outcome(0, "committed", source_offset=4),
            *(outcome(n, f"m{n}", source_offset=4 + n, state=state) for n, state in enumerate(states, 1)),
        )

        memory = await parking.take_over(0, 5)

        assert {DeliveryId(name, SYNC, 0) for name in ("m1", "m2", "m3")} == memory.settled

    async def test_settled_elsewhere(self, parking: Parking, projection: Projection) -> None:
        """What another partition delivered is none of this one's business."""
        await project(projection, outcome(0, "m1", partition=1))

        assert frozenset() == (await parking.take_over(0, 0)).settled

    async def test_delivered_before_the_crash(self, parking: Parking, projection: Projection) -> None:
        """A row whose delivery reached the platform, as the ledger knows, is a tombstone after a taking over."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(5, state=DeliveryState.IN_FLIGHT), parked(6, "m2")])
        await project(projection, outcome(0, "m1", source_offset=5))

        memory = await parking.take_over(0, 3)

        assert [DeliveryId("m2", SYNC, 0)] == [row.id for row in memory.rows]
        assert [parked(6, "m2")] == list(await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10))
        assert {DeliveryId("m1", SYNC, 0)} == memory.settled

    async def test_dead_holds_its_lane(self, parking: Parking, projection: Projection) -> None:
        """A dead row stays at the head of its lane, and is settled."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(5, state=DeliveryState.DEAD), parked(6, "m2")])
        await project(projection, outcome(0, "m1", source_offset=5, state=DeliveryState.DEAD))

        memory = await parking.take_over(0, 0)

        assert [("m1", "dead"), ("m2", "parked")] == [(row.id.message_id, row.state) for row in memory.rows]
        assert {DeliveryId("m1", SYNC, 0)} == memory.settled

    async def test_dead_without_a_row(self, parking: Parking, projection: Projection) -> None:
        """A dead delivery whose row was not written before a crash is not settled, and known to hold its lane."""
        await project(projection, outcome(0, "m1", source_offset=5, state=DeliveryState.DEAD))

        memory = await parking.take_over(0, 5)

        assert (frozenset(), frozenset({DeliveryId("m1", SYNC, 0)})) == (memory.settled, memory.dead)
        assert frozenset() == (await parking.take_over(0, 6)).dead

    async def test_died_before_the_crash(self, parking: Parking, projection: Projection) -> None:
        """A row that says that its delivery is being tried, while the ledger says that it died of that, is dead."""
        epoch = (await parking.take_over(0, 0)).epoch
        await parking.put(0, epoch, [parked(0, state=DeliveryState.IN_FLIGHT), parked(1, "m2")])
        await project(projection, outcome(0, "m1", state=DeliveryState.DEAD))

        assert ["dead", "parked"] == [row.state for row in (await parking.take_over(0, 0)).rows]

    async def test_appended_again(self, parking: Parking, projection: Projection) -> None:
        """A message that lies in the log twice is settled until its later record is committed too."""
        await project(projection, command(5), command(9, reappended=True))
        await project(projection, outcome(0, source_offset=5))

        assert {DeliveryId("m1", SYNC, 0)} == (await parking.take_over(0, 9)).settled
        assert frozenset() == (await parking.take_over(0, 10)).settled


# --- projection ------------------------------------------------------------------------------------------------------


class ProjectionContract:
    """Fixtures: `projection`, `read_models` (with `opened` as its `unseal`)."""

    async def test_offsets(self, projection: Projection) -> None:
        """The next offset starts at 0 and follows the batches of its own topic and partition."""
        await projection.apply(COMMANDS, {0: ProjectedBatch([command(3)], 4)})
        await projection.apply(OUTCOMES, {1: ProjectedBatch([], 9)})

        assert [4, 0, 0, 9] == [
            await projection.next_offset(topic, partition) for topic in (COMMANDS, OUTCOMES) for partition in (0, 1)
        ]

    async def test_offset_never_falls(self, projection: Projection) -> None:
        """An older batch does not move the offset back."""
        await projection.apply(OUTCOMES, {0: ProjectedBatch([], 9)})
        await projection.apply(OUTCOMES, {0: ProjectedBatch([], 4)})

        assert 9 == await projection.next_offset(OUTCOMES, 0)

    async def test_accepted(self, projection: Projection, read_models: ReadModels) -> None:
        """A command is a message that waits, one delivery per line of its list."""
        plan = (
            PlannedDelivery(operation=SYNC, platform=PORTAL),
            PlannedDelivery(operation=PROGRESS, platform=PORTAL, part=0, of=2),
            PlannedDelivery(operation=PROGRESS, platform=PORTAL, part=1, of=2),
        )
        await project(projection, command(0, deliveries=plan, revision=3))

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        assert DOSSIER == timeline.dossier_code
        (message,) = timeline.messages
        assert ("m1", "dossier", 3, "H56.14", "mot-cua", T0) == (
            message.message_id,
            message.kind,
            message.revision,
            message.sender_agency,
            message.sender_system,
            message.accepted_at,
        )
        assert [(SYNC, 0, 1, "waiting", 0), (PROGRESS, 0, 2, "waiting", 0), (PROGRESS, 1, 2, "waiting", 0)] == [
            (line.operation, line.part, line.of, line.state, line.attempts) for line in message.deliveries
        ]
        assert [("accepted", T0)] == [(hop.event, hop.at) for hop in message.hops]

    async def test_unknown_dossier(self, projection: Projection, read_models: ReadModels) -> None:
        """A dossier without a message in the log is unknown."""
        await project(projection, command(0))

        assert await read_models.timeline("H56.14-261122-0002") is None

    async def test_first_record_counts(self, projection: Projection, read_models: ReadModels) -> None:
        """A later record of the same message changes nothing, in the same batch or in another one."""
        await project(projection, command(0, "m1"), command(1, "m2"), command(2, "m1", reappended=True))
        await project(projection, command(3, "m1", reappended=True, deliveries=(), revision=9))

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        assert [("m1", 1), ("m2", 1)] == [(message.message_id, message.revision) for message in timeline.messages]
        assert [1, 1] == [len(message.deliveries) for message in timeline.messages]
        assert 2 == (await read_models.overview()).accepted

    async def test_order_of_acceptance(self, projection: Projection, read_models: ReadModels) -> None:
        """Messages come in the order of the log, not of their names."""
        await project(projection, command(8, "z"), command(9, "a"))
        await project(projection, command(10, "m"))

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        assert ["z", "a", "m"] == [message.message_id for message in timeline.messages]

    async def test_outcomes(self, projection: Projection, read_models: ReadModels) -> None:
        """Every try is a hop with its times, and the delivery stands where the last one left it."""
        again = T0 + timedelta(minutes=9)
        await project(projection, command(0))
        await project(
            projection,
            outcome(
                1,
                state=DeliveryState.PARKED,
                outcome_class=OutcomeClass.UNKNOWN,
                code="504",
                next_try_at=again,
                possibly_doubled=True,
                said="Hết giờ".encode(),
            ),
        )
        await project(projection, outcome(2, attempt=2, step=Step.INQUIRE, outcome_class=OutcomeClass.ALREADY_THERE))

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        ((line,), (accepted, tried, inquired)) = timeline.messages[0].deliveries, timeline.messages[0].hops
        assert (DeliveryState.DELIVERED, 2, "0", None, True) == (
            line.state,
            line.attempts,
            line.code,
            line.next_try_at,
            line.possibly_doubled,
        )
        assert "accepted" == accepted.event
        assert ("tried", T0 + timedelta(minutes=1), T0, again) == (
            tried.event,
            tried.at,
            tried.started_at,
            tried.next_try_at,
        )
        assert (PORTAL, SYNC, 0, 1, Step.SEND, DeliveryState.PARKED, OutcomeClass.UNKNOWN, "504", True, "Hết giờ") == (
            tried.platform,
            tried.operation,
            tried.part,
            tried.attempt,
            tried.step,
            tried.state,
            tried.outcome_class,
            tried.code,
            tried.possibly_doubled,
            tried.reason,
        )
        assert ("inquired", 2, None, False) == (
            inquired.event,
            inquired.attempt,
            inquired.reason,
            inquired.possibly_doubled,
        )

    async def test_step_none(self, projection: Projection, read_models: ReadModels) -> None:
        """A change of state without a try is a hop named after the state; it counts no attempt back."""
        await project(projection, command(0))
        await project(
            projection,
            outcome(0, attempt=3, state=DeliveryState.DEAD, outcome_class=OutcomeClass.REFUSED_MESSAGE),
            outcome(1, attempt=0, step=Step.NONE, state=DeliveryState.WITHDRAWN, outcome_class=None, code=""),
        )

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        message = timeline.messages[0]
        assert ("withdrawn", None, None) == (message.hops[2].event, message.hops[2].outcome_class, message.hops[2].code)
        assert ("withdrawn", 3, None) == (
            message.deliveries[0].state,
            message.deliveries[0].attempts,
            message.deliveries[0].code,
        )

    async def test_erased_reason(self, projection: Projection, read_models: ReadModels) -> None:
        """A reason whose key was destroyed is left out; the rest of the timeline stays."""
        await project(projection, command(0))
        await project(projection, outcome(0, said=b"erased"), outcome(1, said=b"Trung"))

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        assert [None, None, "Trung"] == [hop.reason for hop in timeline.messages[0].hops]

    async def test_outcome_before_command(self, projection: Projection, read_models: ReadModels) -> None:
        """Topics are projected apart: an outcome may come before its command, and the end is the same."""
        plan = (*ONE_SYNC, PlannedDelivery(operation=PROGRESS, platform=PORTAL, part=0, of=2))
        await project(projection, outcome(0, operation=PROGRESS, attempt=4, possibly_doubled=True))
        before = await read_models.timeline(DOSSIER)
        await project(projection, command(0, deliveries=plan))

        timeline = await read_models.timeline(DOSSIER)

        assert before is None
        assert timeline is not None
        assert [(SYNC, 1, "waiting", 0), (PROGRESS, 2, "delivered", 4)] == [
            (line.operation, line.of, line.state, line.attempts) for line in timeline.messages[0].deliveries
        ]
        assert (
            PlatformCount(platform=PORTAL, waiting=1, delivered=1, possibly_doubled=1)
            in (await read_models.overview()).platforms
        )

    async def test_replay(self, projection: Projection, read_models: ReadModels) -> None:
        """A batch that was applied before changes nothing; of one that overlaps only the rest counts."""
        outcomes = [outcome(n, attempt=n + 1, state=DeliveryState.PARKED) for n in range(4)]
        await project(projection, command(0))
        await project(projection, *outcomes[:3])
        await project(projection, *outcomes[:2])
        await project(projection, *outcomes)

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        assert [None, 1, 2, 3, 4] == [hop.attempt for hop in timeline.messages[0].hops]
        assert 4 == timeline.messages[0].deliveries[0].attempts
        assert (PlatformCount(platform=PORTAL, parked=1),) == (await read_models.overview()).platforms

    async def test_replay_of_the_past(self, projection: Projection, read_models: ReadModels) -> None:
        """An old batch that comes again does not take a delivery back to where it stood."""
        await project(projection, command(0))
        await project(projection, outcome(0, state=DeliveryState.PARKED), outcome(1))
        await project(projection, outcome(0, state=DeliveryState.PARKED))

        timeline = await read_models.timeline(DOSSIER)

        assert timeline is not None
        assert ["delivered"] == [line.state for line in timeline.messages[0].deliveries]

    async def test_overview(self, projection: Projection, read_models: ReadModels) -> None:
        """Messages and deliveries are counted where they stand, platforms by name."""
        post = PlannedDelivery(operation="post.order", platform="post")
        await project(projection, *(command(n, f"m{n}", deliveries=(*ONE_SYNC, post)) for n in range(3)))
        await project(
            projection,
            outcome(0, "m0", state=DeliveryState.IN_DOUBT, possibly_doubled=True),
            outcome(1, "m0", possibly_doubled=True),
            outcome(2, "m1", state=DeliveryState.DEAD),
            outcome(3, "m1", operation="post.order", platform="post", state=DeliveryState.PARKED),
        )

        overview = await read_models.overview()

        assert 3 == overview.accepted
        assert (
            PlatformCount(platform=PORTAL, waiting=1, delivered=1, dead=1, possibly_doubled=1),
            PlatformCount(platform="post", waiting=2, parked=1),
        ) == overview.platforms

    async def test_empty_overview(self, read_models: ReadModels) -> None:
        """A hub that has seen nothing counts nothing."""
        overview = await read_models.overview()

        assert (0, ()) == (overview.accepted, overview.platforms)

    async def test_sender(self, projection: Projection, read_models: ReadModels) -> None:
        """A message is known by its sender's agency and its ordering key, once it was seen."""
        await project(projection, command(0))

        assert ("H56.14", DOSSIER) == await read_models.sender_of("m1")
        assert await read_models.sender_of("m2") is None

    async def test_first_offset(self, projection: Projection, read_models: ReadModels) -> None:
        """A message is known by the offset of its first record, once it was seen."""
        await project(projection, command(3), command(5, reappended=True))

        assert 3 == await read_models.first_offset("m1")
        assert await read_models.first_offset("m2") is None

    async def test_concurrent(self, projection: Projection, read_models: ReadModels) -> None:
        """Partitions projected at the same time do not disturb each other's counts."""
        await asyncio.gather(
            *(
                project(projection, command(0, f"m{p}", partition=p), command(1, f"n{p}", partition=p))
                for p in range(8)
            ),
            *(project(projection, outcome(0, f"m{p}", partition=p)) for p in range(8)),
        )

        overview = await read_models.overview()

        assert 16 == overview.accepted
        assert (PlatformCount(platform=PORTAL, waiting=8, delivered=8),) == overview.platforms


# --- keys ------------------------------------------------------------------------------------------------------------


class KeysContract:
    """Fixture: `keys`."""

    async def test_same_subject(self, keys: Keys) -> None:
        """A subject has one key, of 32 bytes, which is found by its id too."""
        key_id, key = await keys.key_for(DOSSIER)

        assert (key_id, key) == await keys.key_for(DOSSIER)
        assert key == await keys.key(key_id)
        assert 32 == len(key)

    async def test_other_subject(self, keys: Keys) -> None:
        """Another subject has another key under another id."""
        one, other = await keys.key_for("a"), await keys.key_for("b")

        assert 4 == len({*one, *other})

    async def test_one_flight(self, keys: Keys) -> None:
        """All who ask for a new subject at the same time get the same key."""
        found = await asyncio.gather(*(keys.key_for(f"d{n % 3}") for n in range(60)))

        assert 3 == len(set(found))

    async def test_unknown(self, keys: Keys) -> None:
        """A key that never existed opens nothing."""
        with pytest.raises(Unsealable):
            await keys.key("unknown")


class ErasureContract:
    """Fixture: `keys`, those that can be destroyed."""

    async def test_a_destroyed_key_opens_nothing(self, keys: SqlKeys) -> None:
        """Not by its id, although it was in use until then; those of others are untouched."""
        key_id, _ = await keys.key_for(DOSSIER)
        other_id, other = await keys.key_for("other")

        destroyed = await keys.destroy(DOSSIER, T0)

        assert key_id == destroyed
        with pytest.raises(Unsealable, match="was destroyed"):
            await keys.key(key_id)
        assert other == await keys.key(other_id)

    async def test_a_subject_that_comes_back_gets_another_key(self, keys: SqlKeys) -> None:
        """A dossier can be written about again; what was sealed before stays closed."""
        key_id, key = await keys.key_for(DOSSIER)
        await keys.destroy(DOSSIER, T0)

        again_id, again = await keys.key_for(DOSSIER)

        assert 4 == len({key_id, key, again_id, again})
        assert again == await keys.key(again_id)
        with pytest.raises(Unsealable):
            await keys.key(key_id)

    async def test_destroying_twice_or_nothing_is_no_error(self, keys: SqlKeys) -> None:
        """A run that was interrupted does it again."""
        await keys.key_for(DOSSIER)

        assert [True, False] == [await keys.destroy(DOSSIER, T0) is not None for _ in range(2)]
        assert None is await keys.destroy("unknown", T0)


# --- the database under them -----------------------------------------------------------------------------------------


class Refused(Exception):
    """What a unit of a test raises."""


def note(name: str) -> Unit[None]:
    """Return a unit that writes one row."""

    def unit(connection: Connection) -> None:
        connection.execute(insert(tables.tally), _tally(name))

    return unit


def names(connection: Connection) -> Sequence[str]:
    """Return the rows that `note` wrote, by name."""
    return connection.scalars(select(tables.tally.c.platform).order_by(tables.tally.c.platform)).all()


def _returning(number: int, seen: list[int]) -> Unit[int]:
    """Return a unit that notes when it runs, and returns its number."""

    def unit(_: Connection) -> int:
        seen.append(number)
        return number

    return unit


def _tally(name: str) -> dict[str, Any]:
    return {"platform": name, "figure": "noted", "amount": 1}


class DatabaseContract:
    """Fixture: `database`, with the tables of the store."""

    async def test_read_after_write(self, database: Database) -> None:
        """What a write has returned is seen by the next read."""
        for n in range(20):
            await database.write(note(f"{n:02d}"))

            assert n + 1 == len(await database.read(names))

    async def test_result(self, database: Database) -> None:
        """A unit's result comes back."""
        assert 7 == await database.write(lambda _: 7)
        assert 8 == await database.read(lambda _: 8)

    async def test_order(self, database: Database) -> None:
        """Units run in the order in which they were handed over."""
        seen: list[int] = []
        await asyncio.gather(*(database.write(_returning(n, seen)) for n in range(300)))

        assert list(range(300)) == seen

    async def test_failure_stays_alone(self, database: Database) -> None:
        """A unit that fails after it wrote leaves nothing, and what was written beside it stays."""

        def fail(connection: Connection) -> None:
            connection.execute(insert(tables.tally), _tally("failed"))
            raise Refused

        results = await asyncio.gather(
            database.write(note("a")), database.write(fail), database.write(note("b")), return_exceptions=True
        )

        assert [None, Refused, None] == [result and type(result) for result in results]
        assert ["a", "b"] == await database.read(names)

    async def test_contradiction(self, database: Database) -> None:
        """A second row under one key is a fault of the hub, and of nobody beside it."""
        results = await asyncio.gather(
            *(database.write(note(name)) for name in ("a", "a", "b")), return_exceptions=True
        )

        assert [None, HubFault, None] == [result and type(result) for result in results]
        assert ["a", "b"] == await database.read(names)

    async def test_failing_read(self, database: Database) -> None:
        """A read that fails passes its error on, and harms no other."""

        def fail(_: Connection) -> None:
            raise Refused

        with pytest.raises(Refused):
            await database.read(fail)
        assert [] == await database.read(names)

    async def test_cancelled(self, database: Database) -> None:
        """A caller that gave up disturbs nobody."""
        task = asyncio.create_task(database.write(note("a")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await database.write(note("b"))

        assert "b" in await database.read(names)

    async def test_close_finishes(self, database: Database) -> None:
        """What was handed over before the end is written; what comes later is refused."""
        writes = [asyncio.create_task(database.write(_returning(n, []))) for n in range(50)]
        await asyncio.sleep(0)
        await database.aclose()

        assert list(range(50)) == await asyncio.gather(*writes)
        with pytest.raises(Unavailable):
            await database.write(note("late"))
        with pytest.raises(Unavailable):
            await database.read(names)


# --- failing on purpose ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Bomb:
    """Goes off at the n-th statement, and never again."""

    statements_left: int

    def tick(self) -> None:
        """Count a statement."""
        self.statements_left -= 1
        if self.statements_left == 0:
            raise Unavailable("injected")

    @property
    def went_off(self) -> bool:
        """Whether the statement was reached."""
        return self.statements_left <= 0


class _TickingConnection:
    """A connection that tells the bomb of every statement, before or after it ran."""

    def __init__(self, connection: Connection, bomb: Bomb, *, late: bool) -> None:
        self._connection = connection
        self._bomb = bomb
        self._late = late
        self.dialect = connection.dialect

    def execute(self, *arguments: Any) -> Any:
        """Run a statement, or fail."""
        return self._guarded(self._connection.execute, *arguments)

    def scalars(self, *arguments: Any) -> Any:
        """Run a statement, or fail."""
        return self._guarded(self._connection.scalars, *arguments)

    def exec_driver_sql(self, *arguments: Any) -> Any:
        """Run a statement, or fail."""
        return self._guarded(self._connection.exec_driver_sql, *arguments)

    def _guarded(self, run: Callable[..., Any], *arguments: Any) -> Any:
        if not self._late:
            self._bomb.tick()
        result = run(*arguments)
        if self._late:
            self._bomb.tick()
        return result


class TickingDatabase:
    """The `Database` port with a bomb in its writes."""

    def __init__(self, database: Database, bomb: Bomb, *, late: bool) -> None:
        self._database = database
        self._bomb = bomb
        self._late = late

    async def write(self, unit: Unit[Result]) -> Result:
        """Run a unit in which the bomb may go off."""
        return await self._database.write(
            lambda connection: unit(cast("Connection", _TickingConnection(connection, self._bomb, late=self._late)))
        )

    async def read(self, unit: Unit[Result]) -> Result:
        """Run a unit."""
        return await self._database.read(unit)

    async def aclose(self) -> None:
        """Close the real one."""
        await self._database.aclose()


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one store over one database."""

    inbox: Inbox
    parking: Parking
    projection: Projection
    read_models: ReadModels


class AtomicContract:
    """Each write happens whole or not at all, whichever of its statements fails, and works when it is repeated.

    Fixtures: `database`; `build`, which makes the ports over a database.
    """

    @pytest.mark.parametrize("late", [False, True])
    @pytest.mark.parametrize("act", ["reserve", "commands", "outcomes", "take_over", "put", "settle", "sweep"])
    async def test_every_statement(
        self, database: Database, build: Callable[[Database], Ports], act: str, *, late: bool
    ) -> None:
        """Fail the n-th statement for n = 1, 2, 3 ... until none fails; the last run ends as if none had."""
        await _furnish(build(database))
        for nth in range(1, 50):
            bomb = Bomb(nth)
            before = await database.read(_everything)
            try:
                await _act(build(TickingDatabase(database, bomb, late=late)), act)
            except Unavailable:
                assert before == await database.read(_everything)
                continue
            break

        assert not bomb.went_off
        assert nth > 1
        assert before != await database.read(_everything)


def _everything(connection: Connection) -> Sequence[Any]:
    """Return all rows of all tables."""
    return [
        connection.execute(select(table).order_by(*table.primary_key.columns)).all()
        for table in tables.STORE.sorted_tables
    ]


async def _furnish(ports: Ports) -> None:
    """Fill a store with a message that is delivered, and one that waits in partition 0 under epoch 1."""
    await ports.inbox.reserve(reservation(message_id="m1"))
    await project(ports.projection, command(0, "m1"), command(1, "m2", revision=2))
    await project(ports.projection, outcome(0, "m1"))
    await ports.parking.take_over(0, 0)
    await ports.parking.put(0, 1, [parked(0, "m1"), parked(1, "m2"), parked(0, "gone")])
    await ports.parking.settle(0, 1, [DeliveryId("gone", SYNC, 0)])


async def _act(ports: Ports, act: str) -> None:
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "reserve": lambda: ports.inbox.reserve(reservation("k2", revision=3)),
        "commands": lambda: project(ports.projection, command(2, "m1", reappended=True), command(3, "m3", revision=4)),
        "outcomes": lambda: project(ports.projection, outcome(1, "m2", possibly_doubled=True)),
        "take_over": lambda: ports.parking.take_over(0, 0),
        "put": lambda: ports.parking.put(0, 1, [parked(2, "m3")]),
        "settle": lambda: ports.parking.settle(0, 1, [DeliveryId("m2", SYNC, 0)]),
        "sweep": lambda: ports.parking.sweep(0, 1, 1),
    }
    await acts[act]()


# --- after a crash ---------------------------------------------------------------------------------------------------


class DurableContract:
    """Fixture: `reopen`, which abandons the store that is open, as a crash would, and opens it again."""

    async def test_remembered(self, reopen: Callable[[], Awaitable[Ports]]) -> None:
        """Everything that was answered is there after a crash."""
        await _furnish(await reopen())

        ports = await reopen()

        assert ReservationState.ACCEPTED == (await ports.inbox.reserve(reservation())).state
        assert [2, 1] == [await ports.projection.next_offset(topic, 0) for topic in (COMMANDS, OUTCOMES)]
        memory = await ports.parking.take_over(0, 0)
        assert (2, [DeliveryId("m2", SYNC, 0)]) == (memory.epoch, [row.id for row in memory.rows])
        assert 2 == (await ports.read_models.overview()).accepted

    async def test_replay_after_a_crash(self, reopen: Callable[[], Awaitable[Ports]]) -> None:
        """A batch whose answer was lost in a crash is applied once."""
        batch = [outcome(0, "m1"), outcome(1, "m2")]
        await project((await reopen()).projection, *batch)

        ports = await reopen()
        await project(ports.projection, *batch)

        assert (PlatformCount(platform=PORTAL, delivered=2),) == (await ports.read_models.overview()).platforms


AUDIT_RECORD = AuditRecord(
    event=AuditEvent.ASKED,
    request_id="r1",
    at=T0,
    agency="H56.14",
    system="mot-cua",
    officer="canbo01",
    service="citizen",
    purpose="1.001193",
    procedure="1.001193",
    dossier_code=DOSSIER,
    subject="digest",
    source="population",
)


def audited(offset: int, **changes: Any) -> Projected:
    """Build a record of `hub.audit`."""
    record = AUDIT_RECORD.model_copy(update=changes)
    return Projected(
        Record(AUDIT, 0, offset, T0, record.request_id.encode(), record.model_dump_json().encode()), audit=record
    )
