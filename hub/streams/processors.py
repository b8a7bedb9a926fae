"""The stream processors: each takes chunks from its topic and hands them to its projections."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from faust import App, Stream
from faust.types import StreamT

from hub.errors import HubFault
from hub.ports import Clock, ProjectedBatch
from hub.streams.engine import Engine
from hub.streams.projector import Projector, fetched
from hub.streams.transport import Chunk
from hub.telemetry import logger

_RETRY_S = 1.0
_log = logger("streams")


@dataclass(frozen=True, slots=True)
class Processor:
    """Brings the projections of one topic forward.

    `taken` counts the chunks that Faust delivered; `fell` is told what a projection raised that is no `HubFault`.
    """

    topic: str
    projectors: Sequence[Projector]
    clock: Clock
    taken: Counter[str]
    fell: Callable[[BaseException], None]

    def attach(self, app: App, engine: Engine) -> None:
        """Become an agent of an application."""

        async def project(stream: StreamT[Any]) -> None:
            chunks = cast("Stream[Any]", stream)
            async for batch in chunks.take(engine.take_chunks, within=engine.take_within_s):
                self.taken[self.topic] += len(batch)
                await self._guarded(batch)

        source = app.topic(self.topic, key_serializer="raw", value_serializer="raw")
        app.agent(source, name=f"project {self.topic}")(project)

    async def _guarded(self, batch: Sequence[Chunk]) -> None:
        """Apply. It never raises, for Faust acknowledges what an agent raised at: the application is ended instead."""
        try:
            for offered in _rounds(self.topic, batch):
                await self._apply_all(offered)
        except Exception as defect:  # noqa: BLE001 - the boundary of an agent
            self.fell(defect)
            await asyncio.Event().wait()

    async def _apply_all(self, offered: Mapping[int, ProjectedBatch]) -> None:
        """Apply to all projections at a time: where the store commits in groups, they share one transaction."""
        ends = await asyncio.gather(
            *(self._apply(projector, offered) for projector in self.projectors), return_exceptions=True
        )
        for end in ends:
            if end is not None:
                raise end

    async def _apply(self, projector: Projector, offered: Mapping[int, ProjectedBatch]) -> None:
        """Apply, however long the store takes."""
        while True:
            try:
                return await projector.offer(self.topic, offered)
            except HubFault as fault:
                _log.warning("projection_waits", topic=self.topic, code=fault.problem_code)
                await self.clock.sleep(_RETRY_S)


def _rounds(topic: str, chunks: Sequence[Chunk]) -> list[dict[int, ProjectedBatch]]:
    """Decode, and put at most one piece of a partition into a round."""
    rounds: list[dict[int, ProjectedBatch]] = []
    seen: Counter[int] = Counter()
    for partition, records in (piece for chunk in chunks for piece in chunk.items()):
        if seen[partition] == len(rounds):
            rounds.append({})
        rounds[seen[partition]][partition] = fetched(topic, records)
        seen[partition] += 1
    return rounds
