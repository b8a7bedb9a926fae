"""Every try leaves an outcome in the log, durable before anything is released."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from hub.delivery.work import Work
from hub.errors import HubFault, Unsealable
from hub.ports import Clock, Keys, Log
from hub.sealing import seal
from hub.telemetry import logger
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, Step
from schemas.topics import OUTCOMES

_RETRY_S = 0.5
_TEXT_CHARS_MAX = 2000
_log = logger("delivery")

MAY_TELL: ContextVar[Callable[[], bool]] = ContextVar("MAY_TELL", default=lambda: True)
"""Asked before each append: whether the partition is certainly ours. Raises StaleOwner when it never will be again.

A process that was halted may wake up to find that the next owner has said how the delivery ended.
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try came to. `text` is the platform's own words; it travels sealed. `ruling`: the one obeyed."""

    step: Step
    outcome: OutcomeClass | None
    code: str
    started_at: datetime
    finished_at: datetime
    text: str = ""
    ruling: str = ""


class OutcomeWriter:
    """Appends outcomes; while log or keys fail, the delivery waits, for its effect must not be forgotten."""

    def __init__(self, log: Log, keys: Keys, clock: Clock) -> None:
        self._log = log
        self._keys = keys
        self._clock = clock

    async def write(
        self, work: Work, header: CommandHeader, tried: Tried, state: DeliveryState, next_try_at: datetime | None
    ) -> None:
        """Make the outcome durable. Appending again after a doubtful append is harmless: projections overwrite.

        While it is not certain whose partition it is, it waits. StaleOwner when it is given up: a word of ours
        behind the next owner's would be the last one.
        """
        outcome = OutcomeHeader(
            message_id=work.id.message_id,
            ordering_key=work.lane.ordering_key,
            operation=work.id.operation,
            platform=work.lane.platform,
            part=work.id.part,
            key_id=header.key_id if tried.text else "",
            source_partition=work.partition,
            source_offset=work.offset,
            attempt=work.attempts,
            step=tried.step,
            state=state,
            outcome_class=tried.outcome,
            code=tried.code,
            started_at=tried.started_at,
            finished_at=tried.finished_at,
            next_try_at=next_try_at,
            possibly_doubled=work.possibly_doubled,
            ruling=tried.ruling,
        )
        text = tried.text
        while True:
            if not MAY_TELL.get()():
                await self._clock.sleep(_RETRY_S)
                continue
            try:
                await self._log.append(OUTCOMES, work.lane.ordering_key.encode(), await self._sealed(outcome, text))
            except Unsealable:
                # The key was destroyed while the platform answered: what it said goes with it.
                outcome, text = outcome.model_copy(update={"key_id": ""}), ""
            except HubFault as fault:
                _log.warning("outcome_waits", message_id=work.id.message_id, code=fault.problem_code)
                await self._clock.sleep(_RETRY_S)
            else:
                return

    async def _sealed(self, outcome: OutcomeHeader, text: str) -> bytes:
        body = text[:_TEXT_CHARS_MAX].encode(errors="replace")
        key = await self._keys.key(outcome.key_id) if body else b""
        return seal(outcome.model_dump_json().encode(), body, key).to_bytes()
