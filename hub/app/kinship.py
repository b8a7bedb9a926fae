"""Whether log and store belong together: either may be a copy of another day, and parked deliveries would be lost.

The store beats, and each beat is appended to the log. A log that remembers a later beat than the store does has a
store that was restored from an older copy; a store that has beaten on where the log remembers nothing has an older log.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from hub.app.newest import newest
from hub.errors import ConfigInvalid, HubFault
from hub.ports import Clock, Log
from hub.store.kinship import Pulse, SqlKinship
from hub.telemetry import logger
from schemas.model import Model
from schemas.topics import CONTROL

BEAT_EVERY_S = 10.0
_RETRY_S = 1.0
_TAIL_RECORDS = 500
_UNHEARD_MAX = 50
"""Beats that may be missing in the log: each process that died between store and log left one out."""
_ADVICE = (
    "Restore log, store and keys from the same copy; or, when this store is all there is, let it be mended from the "
    "log: hub adopt --config <this folder>"
)
_log = logger("kinship")


class Beat(Model):
    """One record of `hub.control`."""

    store_id: str
    pulse: int


def strangers(store: Pulse, heard: Mapping[str, int]) -> str | None:
    """Say why log and store do not belong together; None when they do. `heard` is the last beat per store."""
    if not heard:
        return None
    last = heard.get(store.store_id)
    if last is None:
        return None if store.number == 0 else "the log has never met this store"
    if store.number < last:
        return f"the store is an older copy: the log remembers its beat {last}, it remembers {store.number}"
    if store.number > last + _UNHEARD_MAX:
        return f"the log is an older copy: it remembers the store's beat {last} of {store.number}"
    return None


class Kinship:
    """Checks at the start, and beats from then on."""

    def __init__(self, log: Log, store: SqlKinship, clock: Clock) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._ends: dict[tuple[str, int], int] = {}

    async def require(self) -> None:
        """ConfigInvalid, with advice, when log and store do not belong together."""
        # A beat is in the store before the log hears of it: asked in this order, another process that beats meanwhile
        # makes no older copy of the store. One that beats for the first time is met when both are asked again.
        for _ in range(2):
            heard = await self._heard()
            reason = strangers(await self._store.last(), heard)
            if reason is None:
                return
        raise ConfigInvalid(f"{reason}: they do not belong together. {_ADVICE}")

    async def adopt(self) -> None:
        """Declare that this store belongs to this log from here on."""
        pulse = await self._store.last()
        heard = await self._heard()
        await self._append(await self._store.beat(heard.get(pulse.store_id, 0)))

    async def beat(self) -> None:
        """Beat once; the log has heard of it when this returns, so older copies of the store are known as such."""
        await self._append(await self._store.beat())

    async def run(self, topics: tuple[str, ...]) -> None:
        """Beat at once, and then whenever something was appended to the topics, at most every `BEAT_EVERY_S`."""
        await self._beat_on(await self._store.beat())
        while True:
            await self._clock.sleep(BEAT_EVERY_S)
            try:
                if await self._moved(topics):
                    await self._beat_on(await self._store.beat())
            except HubFault as fault:
                _log.warning("beat_waits", code=fault.problem_code)

    async def _beat_on(self, pulse: Pulse) -> None:
        """Append one beat; a log that is away is tried again with the same one."""
        while True:
            try:
                await self._append(pulse)
            except HubFault as fault:
                _log.warning("beat_waits", code=fault.problem_code)
                await self._clock.sleep(_RETRY_S)
            else:
                return

    async def _append(self, pulse: Pulse) -> None:
        beat = Beat(store_id=pulse.store_id, pulse=pulse.number)
        await self._log.append(CONTROL, pulse.store_id.encode(), beat.model_dump_json().encode())

    async def _moved(self, topics: tuple[str, ...]) -> bool:
        ends = {
            (topic, partition): (await self._log.bounds(topic, partition)).end
            for topic in topics
            for partition in range(self._log.partitions(topic))
        }
        moved, self._ends = ends != self._ends, ends
        return moved

    async def _heard(self) -> dict[str, int]:
        """Return the last beat of each store, as far as the ends of the partitions tell."""
        heard: dict[str, int] = {}
        async for record in newest(self._log, CONTROL, _TAIL_RECORDS):
            try:
                beat = Beat.model_validate_json(record.value)
            except ValidationError:
                continue
            heard[beat.store_id] = max(heard.get(beat.store_id, 0), beat.pulse)
        return heard
