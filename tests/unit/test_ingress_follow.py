"""Following: what became of a message, for those whom it concerns and nobody else."""

from datetime import UTC, datetime

import pytest

from hub.access import Principal
from hub.errors import Forbidden, NotFound
from hub.ingress import Follow, Recent
from hub.pipeline.message_ids import is_message_id
from schemas.agency import AgencyCode
from schemas.delivery import CommandHeader, DeliveryState
from schemas.timeline import MessageLine, Timeline
from tests.fakes.rest import PRINCIPAL, SYNC, House, submission

CODE = "H56.14-261122-0001"
PROVINCE = Principal(AgencyCode.parse("H56"), "province")
NEIGHBOUR = Principal(AgencyCode.parse("H56.15"), "other")
MESSAGE_ID = "019aa8f2-5d00-7000-8000-000000000001"
LINE = MessageLine(
    message_id=MESSAGE_ID,
    kind="dossier",
    revision=1,
    sender_agency="H56.14",
    sender_system="motcua",
    accepted_at=datetime(2026, 11, 22, 1, 0, tzinfo=UTC),
    deliveries=(),
    hops=(),
)
TIMELINE = Timeline(dossier_code=CODE, messages=(LINE,))


def follow(house: House) -> Follow:
    """Return the use case over the read models of a house that knows one dossier."""
    house.read_models.timelines[CODE] = TIMELINE
    return Follow(house.grants, house.read_models, Recent())


@pytest.mark.parametrize("principal", [PRINCIPAL, PROVINCE])
async def test_a_message_is_told_to_its_agency_and_those_above(principal: Principal) -> None:
    """The sender's own agency, and the province."""
    assert LINE == await follow(House()).message(principal, MESSAGE_ID)


@pytest.mark.parametrize("code", [CODE, "000.00.14.H56-261122-0001"])
@pytest.mark.parametrize("principal", [PRINCIPAL, PROVINCE])
async def test_a_timeline_is_told_under_either_spelling(principal: Principal, code: str) -> None:
    """Both name the same dossier."""
    assert TIMELINE == await follow(House()).timeline(principal, code)


@pytest.mark.parametrize(
    ("principal", "message_id"),
    [(NEIGHBOUR, MESSAGE_ID), (PRINCIPAL, "019aa8f2-5d00-7000-8000-000000000002"), (PRINCIPAL, "x'; --\0")],
)
async def test_what_is_not_the_callers_looks_like_nothing(principal: Principal, message_id: str) -> None:
    """A message of another agency, an unknown id and nonsense are all not found."""
    with pytest.raises(NotFound):
        await follow(House()).message(principal, message_id)


@pytest.mark.parametrize(
    ("principal", "code"),
    [(NEIGHBOUR, CODE), (PRINCIPAL, "H56.14-261122-0002"), (PRINCIPAL, "H56.15-261122-0001"), (PRINCIPAL, "nonsense")],
)
async def test_a_foreign_dossier_looks_like_an_unknown_one(principal: Principal, code: str) -> None:
    """So nobody can try out which dossiers exist."""
    with pytest.raises(NotFound):
        await follow(House()).timeline(principal, code)


async def test_following_needs_a_grant() -> None:
    """A key alone is not enough."""
    nobody = Principal(AgencyCode.parse("H56.14"), "nobody")

    with pytest.raises(Forbidden):
        await follow(House()).message(nobody, MESSAGE_ID)
    with pytest.raises(Forbidden):
        await follow(House()).timeline(nobody, CODE)


async def test_a_message_can_be_followed_from_the_moment_of_its_receipt() -> None:
    """Before the read models have seen it, its deliveries are waiting."""
    house = House()
    recent = house.acceptance._rooms.recent
    receipt = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    line = await Follow(house.grants, house.read_models, recent).message(PRINCIPAL, receipt.message_id)

    assert (receipt.message_id, receipt.accepted_at, 1, "H56.14", "motcua") == (
        line.message_id,
        line.accepted_at,
        line.revision,
        line.sender_agency,
        line.sender_system,
    )
    assert [(SYNC.operation, SYNC.platform, DeliveryState.WAITING, 0)] == [
        (delivery.operation, delivery.platform, delivery.state, delivery.attempts) for delivery in line.deliveries
    ]
    assert ["accepted"] == [hop.event for hop in line.hops]


async def test_a_message_just_accepted_is_not_told_to_a_neighbour() -> None:
    """The rule of ownership holds for it too."""
    house = House()
    receipt = await house.acceptance.accept(PRINCIPAL, submission(), "k1")

    with pytest.raises(NotFound):
        await Follow(house.grants, house.read_models, house.acceptance._rooms.recent).message(
            NEIGHBOUR, receipt.message_id
        )


def test_only_the_last_messages_are_remembered() -> None:
    """The memory is bounded; the oldest goes first."""
    recent = Recent(messages_max=2)
    for number in (1, 2, 3):
        recent.remember(
            CommandHeader(
                kind="dossier",
                message_id=f"m{number}",
                ordering_key=CODE,
                sender_agency="H56.14",
                sender_system="motcua",
                revision=number,
                received_at=datetime(2026, 11, 22, tzinfo=UTC),
                key_id="k",
                deliveries=(),
            )
        )

    assert [False, True, True] == [recent.header(f"m{number}") is not None for number in (1, 2, 3)]


@pytest.mark.parametrize("text", ["", "x", MESSAGE_ID.upper(), MESSAGE_ID + "\n", MESSAGE_ID.replace("-7", "-4")])
def test_only_ids_that_the_hub_makes_are_looked_up(text: str) -> None:
    """UUID version 7 in small letters, and nothing before or after it."""
    assert is_message_id(MESSAGE_ID)
    assert not is_message_id(text)
