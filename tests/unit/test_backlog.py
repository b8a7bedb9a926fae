"""Back-pressure: closed at the bound, open again well below it, and never opened by ignorance."""

from collections.abc import Mapping

import pytest

from hub.errors import Overloaded, Unavailable
from hub.ingress.backlog import Backlog, BacklogLimits, closes, unprojected
from hub.log.memory import MemoryLog
from hub.ports import ProjectedBatch
from schemas.timeline import Overview, PlatformCount
from tests.clock import ManualClock

LIMITS = BacklogLimits(deliveries_max=100, platform_deliveries_max=50, resume_at=0.8)


class Figures:
    """What the read models say, or that they cannot."""

    def __init__(self) -> None:
        self.counts: dict[str, PlatformCount] = {}
        self.unprojected = 0
        self.down = False

    async def overview(self) -> Overview:
        """Count."""
        if self.down:
            raise Unavailable("no store")
        return Overview(accepted=0, platforms=tuple(self.counts.values()))

    async def lag(self) -> int:
        """Count what is not projected."""
        return self.unprojected

    def say(self, platform: str, **states: int) -> None:
        """Set the counts of a platform."""
        self.counts[platform] = PlatformCount(platform=platform, **states)


class Projected:
    """The `Projection` port: how far each partition is."""

    def __init__(self, offsets: Mapping[int, int]) -> None:
        self._offsets = offsets

    async def next_offset(self, topic: str, partition: int) -> int:
        """As the port."""
        return self._offsets.get(partition, 0)

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """As the port; nothing comes here."""


def backlog(figures: Figures) -> Backlog:
    """Return a backlog on these figures."""
    return Backlog(overview=figures.overview, unprojected=figures.lag, clock=ManualClock(), limits=LIMITS)


@pytest.mark.parametrize(
    ("waiting", "closed", "expected"),
    [(99, False, False), (100, False, True), (100, True, True), (80, True, True), (79, True, False)],
)
def test_the_door_closes_at_the_bound_and_opens_well_below_it(*, waiting: int, closed: bool, expected: bool) -> None:
    """Hysteresis: between the two it stays as it is."""
    assert expected is closes(waiting, 100, 0.8, closed=closed)


def test_a_bound_of_zero_is_none() -> None:
    """Whoever wants no bound sets 0."""
    assert not closes(10**9, 0, 0.8, closed=True)


async def test_only_what_has_not_ended_waits() -> None:
    """Delivered, dead, expired and withdrawn deliveries take no room."""
    figures = Figures()
    figures.say("portal", delivered=1000, dead=1000, expired=1000, withdrawn=1000)
    door = backlog(figures)
    await door.refresh()
    door.require_room({"portal"})

    figures.say("portal", waiting=20, in_flight=10, parked=10, in_doubt=10)
    await door.refresh()
    with pytest.raises(Overloaded) as refused:
        door.require_room({"portal"})
    assert 30 == refused.value.retry_after_s


async def test_a_full_platform_keeps_out_its_own_messages_only() -> None:
    """What is owed to others as well is refused with it; what is not, is not."""
    figures = Figures()
    figures.say("portal", parked=50)
    figures.say("ministry", parked=1)
    door = backlog(figures)
    await door.refresh()

    door.require_room({"ministry"})
    for platforms in ({"portal"}, {"portal", "ministry"}):
        with pytest.raises(Overloaded):
            door.require_room(platforms)
    assert ["portal"] == door.full


async def test_records_that_nobody_has_counted_yet_take_room_too() -> None:
    """A projection that is far behind does not hide a backlog."""
    figures = Figures()
    figures.unprojected = 100
    door = backlog(figures)
    await door.refresh()

    with pytest.raises(Overloaded):
        door.require_room({"portal"})
    figures.unprojected = 0
    await door.refresh()
    door.require_room({"portal"})


async def test_what_is_not_projected_is_counted_from_log_and_store() -> None:
    """Any process can tell, whether or not it is the one that projects."""
    log = MemoryLog({"hub.commands": 2}, ManualClock())
    for number in range(5):
        await log.append("hub.commands", str(number).encode(), b"x")
    first = (await log.bounds("hub.commands", 0)).end

    assert 5 == await unprojected(log, Projected({}), "hub.commands")
    assert 5 - first == await unprojected(log, Projected({0: first}), "hub.commands")
    assert 5 - first == await unprojected(log, Projected({0: first + 7}), "hub.commands")


async def test_what_is_accepted_between_two_answers_is_counted() -> None:
    """The bound holds within one interval, however many come in it."""
    door = backlog(Figures())
    for _ in range(50):
        door.require_room({"portal"})

    with pytest.raises(Overloaded):
        door.require_room({"portal"})
    assert {"portal": 50} == door.waiting


async def test_a_store_that_is_down_opens_nothing() -> None:
    """Whether full or not: what was known stays, and what is accepted counts on top."""
    figures = Figures()
    figures.say("portal", parked=49)
    door = backlog(figures)
    await door.refresh()
    figures.down = True
    figures.counts.clear()
    with pytest.raises(Unavailable):
        await door.refresh()

    door.require_room({"portal"})
    with pytest.raises(Overloaded):
        door.require_room({"portal"})
    with pytest.raises(Unavailable):
        await door.refresh()
    with pytest.raises(Overloaded):
        door.require_room({"portal"})

    figures.down = False
    await door.refresh()
    door.require_room({"portal"})
